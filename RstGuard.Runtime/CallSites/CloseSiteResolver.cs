using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace RstGuard.CallSites;

/// <summary>
/// Finds the line that closed a socket from the frames of its close. Never guesses: where several lines of one method may have
/// been it, all are told.
/// </summary>
internal static class CloseSiteResolver
{
    private static readonly string[] ClosingNames = ["Dispose", "DisposeAsync", "Close", "Stop", "Disconnect", "DisconnectAsync", "Abort"];

    // The public keys with which the frameworks' assemblies are signed: .NET, ASP.NET Core, Microsoft, ECMA.
    private static readonly string[] FrameworkKeys = ["b03f5f7f11d50a3a", "b77a5c561934e089", "7cec85d7bea7798e", "cc7b13ffcd2ddd51", "adb9793829ddae60", "31bf3856ad364e35"];

    /// <summary>
    /// Whether the program itself called the runtime's sockets: the innermost frame outside of them and of the core library is its own. Where a framework's
    /// is, the framework chose how to close, whoever called that one (<c>HttpContext.Abort</c> in a handler).
    /// </summary>
    public static bool IsCalledByProgram(IReadOnlyList<CapturedFrame> frames)
    {
        foreach (CapturedFrame frame in frames)
        {
            Assembly assembly = frame.Method.Module.Assembly;
            if (assembly != typeof(System.Net.Sockets.Socket).Assembly && assembly != typeof(object).Assembly && assembly != typeof(CloseSiteResolver).Assembly)
            {
                return !IsFramework(frame.Method);
            }
        }

        return false;
    }

    /// <summary>The site of a close.</summary>
    public static CloseSite Resolve(SocketClose close)
    {
        IReadOnlyList<CapturedFrame> frames = close.Frames;
        if (close.Origin == CloseOrigin.Finalizer)
        {
            return new CloseSite { Kind = CloseSiteKind.Finalizer, Method = "the finalizer" };
        }

        int own = 0;
        while (own < frames.Count && IsFramework(frames[own].Method))
        {
            own++;
        }

        if (own == frames.Count)
        {
            return new CloseSite { Kind = CloseSiteKind.Framework, Method = FrameworkName(frames) };
        }

        CapturedFrame frame = frames[own];
        CloseSite? resolved = InMethod(frame, frames.Take(own).ToArray());
        if (resolved is not null)
        {
            return resolved;
        }

        // No symbols, or no closing call in it: the nearest caller whose line is known says at least from where.
        SourceLine? calledFrom = null;
        for (int i = own + 1; i < frames.Count && calledFrom is null; i++)
        {
            if (!IsFramework(frames[i].Method)
                && InMethod(frames[i], [frames[i - 1]]) is { Kind: CloseSiteKind.Exact or CloseSiteKind.EndOfUsing } caller)
            {
                calledFrom = caller.Line;
            }
        }

        return new CloseSite { Kind = CloseSiteKind.Method, Method = Name(frame.Method), CalledFrom = calledFrom };
    }

    /// <summary>The site of a socket's creation: the innermost line of the program whose offset is good; nothing is looked up in its IL.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Where IL was trimmed away the event source is off too, and the self-test says so.")]
    public static CloseSite ResolveCreation(IReadOnlyList<CapturedFrame> frames)
    {
        foreach (CapturedFrame frame in frames)
        {
            if (IsFramework(frame.Method))
            {
                continue;
            }

            PortableSymbols? symbols = frame.Method.DeclaringType is null ? null : PortableSymbols.Of(frame.Method.Module.Assembly);
            string name = Name(symbols?.KickoffOf(frame.Method) ?? frame.Method);
            bool offsetIsGood = frame.Offset > 0 || frame.Method.GetMethodBody()?.ExceptionHandlingClauses.Count == 0;
            return offsetIsGood && symbols is not null && PointAt(symbols.PointsOf(frame.Method), frame.Offset) is { File: { } file } point
                ? new CloseSite { Kind = CloseSiteKind.Exact, Method = name, Line = new SourceLine(file, point.Line) }
                : new CloseSite { Kind = CloseSiteKind.Method, Method = name };
        }

        return new CloseSite { Kind = CloseSiteKind.Framework, Method = FrameworkName(frames) };
    }

    private static CloseSite? InMethod(CapturedFrame frame, CapturedFrame[] inner)
    {
        if (frame.Method.DeclaringType is null || PortableSymbols.Of(frame.Method.Module.Assembly) is not { } symbols)
        {
            return null;
        }

        IReadOnlyList<LinePoint> points = symbols.PointsOf(frame.Method);
        if (MethodBodyReader.Read(frame.Method) is not { } body || (points.Count == 0 && !IsOfAnIterator(frame.Method)))
        {
            return null;
        }

        List<int> calls = CallsThatMayHaveRun(frame, body, points, Calls(body, inner));
        string name = Name(symbols.KickoffOf(frame.Method) ?? frame.Method);
        if (calls.Count == 0 && IsOfAnIterator(frame.Method))
        {
            CloseSite[] blocks = [.. FinallyBlocksCalledBy(body).Select(block => InMethod(new CapturedFrame(block, 0), inner)).OfType<CloseSite>()];
            if (blocks.Length > 0)
            {
                return blocks.Length == 1 ? blocks[0] : Several(blocks, name);
            }
        }

        if (calls.Count == 0)
        {
            // The closing call is in a method that was inlined here, or is made by the runtime. Outside of protected code the
            // reported offset is good.
            return body.Body.ExceptionHandlingClauses.Count == 0 && PointAt(points, frame.Offset) is { File: { } file } point
                ? new CloseSite { Kind = CloseSiteKind.Exact, Method = name, Line = new SourceLine(file, point.Line) }
                : null;
        }

        var sites = new List<CloseSite>();
        foreach (int call in calls)
        {
            if (SiteOf(call, frame.Method, body, symbols, points, name) is not { } site)
            {
                return null;
            }

            if (!sites.Exists(known => known.Line == site.Line && known.Kind == site.Kind))
            {
                sites.Add(site);
            }
        }

        return sites.Count == 1 ? sites[0] : Several(sites, name);
    }

    private static CloseSite Several(IReadOnlyList<CloseSite> sites, string name) => new()
    {
        Kind = CloseSiteKind.Candidates,
        Method = name,
        Candidates = sites.SelectMany(site => site.Line is { } line ? [line] : site.Candidates).Distinct().ToArray(),
    };

    // An iterator's finally blocks, those of its usings too, are methods of their own, which MoveNext and Dispose call and the JIT may inline.
    private static bool IsOfAnIterator(MethodBase method) =>
        method.DeclaringType is { } type && Angle(type.Name) is { Kind: 'd' } && type.IsAssignableTo(typeof(System.Collections.IEnumerator));

    private static IEnumerable<MethodBase> FinallyBlocksCalledBy(MethodBodyReader body) =>
        Enumerable.Range(0, body.Instructions.Count)
            .Select(body.Callee)
            .Where(callee => callee?.Name.StartsWith("<>m__Finally", StringComparison.Ordinal) == true)
            .Select(callee => callee!)
            .Distinct();

    // What is disposed of in one method of a state machine may have been stored in another.
    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "Where methods were trimmed away the event source is off too, and the self-test says so.")]
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "Where methods were trimmed away the event source is off too, and the self-test says so.")]
    private static LinePoint? DeclarationOf(int call, MethodBase method, MethodBodyReader body, PortableSymbols symbols, IReadOnlyList<LinePoint> points)
    {
        if (body.OffsetOfStore(call) is { } stored)
        {
            return PointAt(points, stored);
        }

        return IsOfAnIterator(method)
            && body.FieldLoadedFor(call) is { } field
            && method.DeclaringType!.GetMethod("MoveNext", BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public) is { } machine
            && MethodBodyReader.Read(machine)?.OffsetOfStoreTo(field) is { } there
            ? PointAt(symbols.PointsOf(machine), there)
            : null;
    }

    private static CloseSite? SiteOf(int call, MethodBase method, MethodBodyReader body, PortableSymbols symbols, IReadOnlyList<LinePoint> points, string name)
    {
        int offset = body.Instructions[call].Offset;
        LinePoint? at = PointAt(points, offset);
        if (at is null && !IsOfAnIterator(method))
        {
            return null;
        }

        LinePoint point = at ?? default;
        if (point.File is { } file && !(point.IsBrace && body.OffsetOfStore(call) is not null))
        {
            return new CloseSite { Kind = CloseSiteKind.Exact, Method = name, Line = new SourceLine(file, point.Line) };
        }

        // Hidden code, or the brace that ends a scope: the compiler made this call for a using. Its resource was stored in the
        // statement that declares it.
        if (DeclarationOf(call, method, body, symbols, points) is not { File: { } declaredIn } declaration)
        {
            return null;
        }

        return new CloseSite
        {
            Kind = CloseSiteKind.EndOfUsing,
            Method = name,
            Line = new SourceLine(declaredIn, declaration.Line),
            ScopeEndLine = symbols.IsOptimized ? null : ScopeEnd(body, points, offset, declaration.Line),
        };
    }

    // A using block's own closing brace is the last point in its try; a using declaration's is the first after its finally.
    private static int? ScopeEnd(MethodBodyReader body, IReadOnlyList<LinePoint> points, int offset, int declarationLine)
    {
        foreach (ExceptionHandlingClause clause in Innermost(body.Body))
        {
            if (clause.Flags != ExceptionHandlingClauseOptions.Finally || !Contains(clause.HandlerOffset, clause.HandlerLength, offset))
            {
                continue;
            }

            LinePoint? last = null;
            LinePoint? next = null;
            foreach (LinePoint point in points)
            {
                if (point.File is null)
                {
                    continue;
                }

                if (Contains(clause.TryOffset, clause.TryLength, point.Offset))
                {
                    last = point;
                }
                else if (next is null && point.Offset >= clause.HandlerOffset + clause.HandlerLength)
                {
                    next = point;
                }
            }

            LinePoint? end = last is { IsBrace: true } ? last : next is { IsBrace: true } ? next : null;
            return end is { } found && found.Line >= declarationLine ? found.Line : null;
        }

        return null;
    }

    /// <summary>
    /// Which of the calls may be the one that ran, by the offset that the runtime reported. Measured on .NET 10, x64, Debug and
    /// Release: outside of handlers the offset lies in the calling statement; in a finally that runs normally it is 0; in a
    /// catch or finally that an exception entered it is that of the instruction that threw.
    /// </summary>
    private static List<int> CallsThatMayHaveRun(CapturedFrame frame, MethodBodyReader body, IReadOnlyList<LinePoint> points, List<int> calls)
    {
        if (calls.Count <= 1)
        {
            return calls;
        }

        List<int> inStatement = calls.FindAll(call => SameStatement(points, body.Instructions[call].Offset, frame.Offset));
        if (frame.Offset > 0 && inStatement.Count > 0)
        {
            return inStatement;
        }

        List<int> inHandlers = calls.FindAll(call => HandlersReachableFrom(body.Body, frame.Offset).Any(
            handler => Contains(handler.HandlerOffset, handler.HandlerLength, body.Instructions[call].Offset)));
        List<int> possible = inStatement.Union(inHandlers).Order().ToList();
        return possible.Count > 0 ? possible : calls;
    }

    // Offset 0 says nothing, so that every handler counts; else those whose try holds the instruction that threw, and the
    // handler that holds the offset itself.
    private static IEnumerable<ExceptionHandlingClause> HandlersReachableFrom(MethodBody body, int offset) =>
        body.ExceptionHandlingClauses.Where(clause => offset == 0
            || Contains(clause.TryOffset, clause.TryLength, offset)
            || Contains(clause.HandlerOffset, clause.HandlerLength, offset));

    private static IEnumerable<ExceptionHandlingClause> Innermost(MethodBody body) =>
        body.ExceptionHandlingClauses.OrderBy(clause => clause.HandlerLength);

    private static bool Contains(int start, int length, int offset) => offset >= start && offset < start + length;

    private static bool SameStatement(IReadOnlyList<LinePoint> points, int a, int b) =>
        PointAt(points, a) is { } first && PointAt(points, b) is { } second && first.Offset == second.Offset;

    private static LinePoint? PointAt(IReadOnlyList<LinePoint> points, int offset)
    {
        LinePoint? found = null;
        foreach (LinePoint point in points)
        {
            if (point.Offset > offset)
            {
                break;
            }

            found = point;
        }

        return found;
    }

    // The calls that lead to the frame inside: by name and receiver; a smaller name may have been inlined (Close into Dispose).
    private static List<int> Calls(MethodBodyReader body, CapturedFrame[] inner)
    {
        CapturedFrame callee = inner[^1];
        var exact = new List<int>();
        var closing = new List<int>();
        for (int i = 0; i < body.Instructions.Count; i++)
        {
            if (body.Callee(i) is not { IsConstructor: false } called)
            {
                continue;
            }

            if (called == callee.Method)
            {
                exact.Add(i);
            }
            else if (called.Name == PlainName(callee.Method) || (ClosingNames.Contains(called.Name) && ClosingNames.Contains(PlainName(callee.Method))))
            {
                Type? receiver = (called.GetParameters().Length == 0 ? body.TypeBefore(i) : null) ?? called.DeclaringType;
                if (called.IsStatic || receiver is null || inner.Any(frame => Fits(receiver, frame.Method.DeclaringType)))
                {
                    closing.Add(i);
                }
            }
        }

        // Both count: a virtual call names the base's method, a direct one the method itself.
        exact.AddRange(closing);
        exact.Sort();
        return exact;
    }

    private static bool Fits(Type receiver, Type? actual)
    {
        if (actual is null || receiver.ContainsGenericParameters || actual.ContainsGenericParameters)
        {
            return true;
        }

        return receiver.IsAssignableFrom(actual) || actual.IsAssignableFrom(receiver);
    }

    // Explicit implementations carry their interface's name.
    private static string PlainName(MethodBase method)
    {
        int dot = method.Name.LastIndexOf('.');
        return dot > 0 ? method.Name[(dot + 1)..] : method.Name;
    }

    private static bool IsFramework(MethodBase method)
    {
        Assembly assembly = method.Module.Assembly;
        if (assembly == typeof(CloseSiteResolver).Assembly)
        {
            return true;
        }

        AssemblyName name = assembly.GetName();
        if (name.Name is not { } simple
            || !(simple.StartsWith("System.", StringComparison.Ordinal) || simple.StartsWith("Microsoft.", StringComparison.Ordinal) || simple is "System" or "mscorlib" or "netstandard" or "WindowsBase"))
        {
            return false;
        }

        return name.GetPublicKeyToken() is { Length: > 0 } token && FrameworkKeys.Contains(Convert.ToHexString(token).ToLowerInvariant());
    }

    // The outermost frame that is about sockets or above them, but not the machinery of threads and tasks.
    private static string FrameworkName(IReadOnlyList<CapturedFrame> frames)
    {
        foreach (CapturedFrame frame in frames)
        {
            string? space = frame.Method.DeclaringType?.Namespace;
            if (space is not null && space != "System.Net.Sockets" && space != "System.IO" && !space.StartsWith("RstGuard", StringComparison.Ordinal)
                && frame.Method.Module.Assembly != typeof(object).Assembly)
            {
                return Name(frame.Method);
            }
        }

        return frames.Count > 0 ? Name(frames[^1].Method) : "an unknown method";
    }

    /// <summary>A method as the programmer wrote it: no state machine, no closure class.</summary>
    [SuppressMessage("Globalization", "CA1310", Justification = "Compiler-made names are ASCII.")]
    internal static string Name(MethodBase method)
    {
        Type? type = method.DeclaringType;
        string name = method.Name;

        // <Outer>d__3.MoveNext, <Outer>b__0 (a lambda), <Outer>g__Inner|0_1 (a local function)
        if (type is not null && name is "MoveNext" && Angle(type.Name) is { } machine)
        {
            name = machine.Kind == 'g' ? $"{machine.Inner} (in {machine.Outer})" : machine.Outer;
            type = type.DeclaringType;
        }
        else if (type is not null && IsOfAnIterator(method) && Angle(type.Name) is { } iterator)
        {
            (name, type) = (iterator.Outer, type.DeclaringType);
        }
        else if (Angle(name) is { } made)
        {
            name = made.Kind switch
            {
                'b' => $"{made.Outer} (in a lambda)",
                'g' => $"{made.Inner} (in {made.Outer})",
                _ => made.Outer.Length > 0 ? made.Outer : name,
            };
        }

        if (Angle(name) is { } nested)
        {
            name = nested.Kind == 'b' ? $"{nested.Outer} (in a lambda)" : nested.Kind == 'g' ? $"{nested.Inner} (in {nested.Outer})" : nested.Outer;
        }

        while (type is not null && type.Name.StartsWith('<') && type.DeclaringType is not null)
        {
            type = type.DeclaringType;
        }

        return type is null ? name : $"{TypeName(type)}.{(method.IsConstructor ? "ctor" : name)}";
    }

    private static string TypeName(Type type)
    {
        string name = type.Name;
        int generic = name.IndexOf('`', StringComparison.Ordinal);
        return generic > 0 ? name[..generic] : name;
    }

    private static (string Outer, char Kind, string Inner)? Angle(string name)
    {
        if (!name.StartsWith('<'))
        {
            return null;
        }

        // The name inside may hold angles itself: a state machine of a lambda is <<Outer>b__0>d.
        int depth = 0;
        for (int i = 0; i < name.Length; i++)
        {
            depth += name[i] == '<' ? 1 : name[i] == '>' ? -1 : 0;
            if (depth == 0)
            {
                string outer = name[1..i];
                char kind = i + 1 < name.Length ? name[i + 1] : ' ';
                int inner = name.IndexOf("__", i, StringComparison.Ordinal);
                int bar = name.IndexOf('|', i);
                if (Angle(outer) is { } deeper)
                {
                    return deeper;
                }

                return (outer, kind, kind == 'g' && inner > 0 && bar > inner ? name[(inner + 2)..bar] : outer);
            }
        }

        return null;
    }
}
