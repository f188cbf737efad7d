using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>
/// What the members of a type do to the connections that its fields and automatic properties hold: over all its parts, its nested
/// types and its base types in source. Only members that name such a field are bound. A field counts when no other code can reach it:
/// when it is private, or inherited by a sealed type.
/// </summary>
internal sealed class TypeFacts
{
    private const int DeepestBase = 16;
    private const int DeepestCall = 6;

    private readonly SocketModel _model;
    private readonly ImmutableArray<Member> _members;

    private TypeFacts(SocketModel model, ImmutableArray<Member> members, ImmutableArray<FieldConnection> connections, bool speaksHttp)
    {
        SpeaksHttp = speaksHttp;
        _model = model;
        _members = members;
        Connections = connections;
    }

    /// <summary>The connections that fields of the type hold, and that stay within it.</summary>
    internal ImmutableArray<FieldConnection> Connections { get; }

    /// <summary>A literal in any member shows that the type writes or expects HTTP/1.x.</summary>
    internal bool SpeaksHttp { get; }

    internal static TypeFacts Of(SocketModel model, INamedTypeSymbol type, CancellationToken cancellationToken)
    {
        HashSet<ISymbol> fields = new(SymbolEqualityComparer.Default);
        ImmutableArray<Member>.Builder members = ImmutableArray.CreateBuilder<Member>();
        INamedTypeSymbol? declaring = type;
        for (int depth = 0; declaring is { DeclaringSyntaxReferences.IsEmpty: false } && depth < DeepestBase; depth++, declaring = declaring.BaseType?.OriginalDefinition)
        {
            foreach (ISymbol field in declaring.GetMembers())
            {
                if (IsHolder(field, model.Types) && (field.DeclaredAccessibility == Accessibility.Private || (type.IsSealed && IsForHeirs(field))))
                {
                    fields.Add(field);
                }
            }

            AddMembers(declaring, members, cancellationToken);
        }

        // The order of the source, whatever order the trees have.
        members.Sort(static (one, other) => one.CompareTo(other));
        ImmutableArray<FieldConnection> connections = ImmutableArray<FieldConnection>.Empty;
        if (fields.Count > 0)
        {
            HashSet<string> names = [.. fields.Select(field => field.Name)];
            SocketBody[] bodies = [.. members.Where(member => member.Names(names, cancellationToken)).Select(member => member.Body(model, cancellationToken)).OfType<SocketBody>()];
            connections = Connect(model, fields, bodies, cancellationToken);
        }

        return new TypeFacts(model, members.ToImmutable(), connections, !connections.IsEmpty && members.Any(member => member.SpeaksHttp()));
    }

    /// <summary>
    /// Whether <paramref name="member"/> runs at most once for each object: a constructor, or a private member that one such member
    /// calls at one place, outside any loop and any lambda.
    /// </summary>
    internal bool RunsOnce(ISymbol member, CancellationToken cancellationToken) => RunsOnce(member, 0, cancellationToken);

    /// <summary>The bodies of the type's members that name <paramref name="member"/>, and the accessors and nested types' too.</summary>
    internal IEnumerable<SocketBody> BodiesThatName(ISymbol member, CancellationToken cancellationToken)
    {
        HashSet<string> name = [member.Name];
        foreach (Member candidate in _members)
        {
            if (candidate.Names(name, cancellationToken) && candidate.Body(_model, cancellationToken) is { } body)
            {
                yield return body;
            }
        }
    }

    private static bool IsHolder(ISymbol member, KnownTypes types) => member switch
    {
        IFieldSymbol { AssociatedSymbol: null, IsImplicitlyDeclared: false } field => types.CarriesConnection(field.Type),
        IPropertySymbol property => types.CarriesConnection(property.Type)
            && property.ContainingType.GetMembers().Any(field => field is IFieldSymbol { AssociatedSymbol: { } owner } && SymbolEqualityComparer.Default.Equals(owner, property)),
        _ => false,
    };

    private static bool IsForHeirs(ISymbol field) => field.DeclaredAccessibility is Accessibility.Protected or Accessibility.ProtectedAndInternal;

    private static void AddMembers(INamedTypeSymbol type, ImmutableArray<Member>.Builder members, CancellationToken cancellationToken)
    {
        Stack<INamedTypeSymbol> types = new([type]);
        while (types.Count > 0)
        {
            INamedTypeSymbol next = types.Pop();
            foreach (ISymbol member in next.GetMembers())
            {
                switch (member)
                {
                    case INamedTypeSymbol nested:
                        types.Push(nested);
                        break;
                    case IMethodSymbol method when (method.PartialImplementationPart ?? method).DeclaringSyntaxReferences is { IsEmpty: false } references
                        && references[0].GetSyntax(cancellationToken) is BaseMethodDeclarationSyntax or AccessorDeclarationSyntax or ArrowExpressionClauseSyntax:
                        members.Add(new Member(method.PartialImplementationPart ?? method, references[0].GetSyntax(cancellationToken)));
                        break;
                }
            }
        }
    }

    private static ImmutableArray<FieldConnection> Connect(SocketModel model, HashSet<ISymbol> fields, SocketBody[] bodies, CancellationToken cancellationToken)
    {
        Dictionary<ISymbol, ISymbol> groups = Group(fields, bodies, model);
        ConnectionAliases[] aliases = [.. bodies.Select(body => new ConnectionAliases(body, groups))];
        ImmutableArray<FieldBody>[] parts = new ImmutableArray<FieldBody>[aliases.Length];
        for (int i = 0; i < aliases.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ImmutableArray<ConnectionUse> uses = ConnectionUse.Of(aliases[i]);
            BodyFlow flow = new(uses, aliases[i]);
            parts[i] = uses.Select(use => new FieldBody(use, bodies[i], flow)).ToImmutableArray();
        }

        ImmutableArray<FieldConnection>.Builder connections = ImmutableArray.CreateBuilder<FieldConnection>();
        foreach (ISymbol holder in groups.Values.Distinct<ISymbol>(SymbolEqualityComparer.Default))
        {
            if (!aliases.Any(alias => alias.Escapes(holder)) && HasKnownOrigin(holder, aliases, model, cancellationToken))
            {
                FieldBody[] of = [.. parts.SelectMany(part => part).Where(part => SymbolEqualityComparer.Default.Equals(part.Use.Holder, holder))];
                connections.Add(new FieldConnection(holder, of.ToImmutableArray()));
            }
        }

        return connections.ToImmutable();
    }

    /// <summary>Each field, and the field whose connection it is a part of: the stream of a client.</summary>
    private static Dictionary<ISymbol, ISymbol> Group(HashSet<ISymbol> fields, SocketBody[] bodies, SocketModel model)
    {
        Dictionary<ISymbol, ISymbol> groups = new(SymbolEqualityComparer.Default);
        foreach (ISymbol field in fields)
        {
            ISymbol? owner = null;
            bool isOne = true;
            foreach (SocketBody body in bodies)
            {
                foreach (IOperation value in body.ValuesOf(field))
                {
                    if (value.Unwrap().ConstantValue is not { HasValue: true, Value: null })
                    {
                        ISymbol? of = OwnerOf(value, body, 0);
                        if (SymbolEqualityComparer.Default.Equals(of, field))
                        {
                            // _stream = new SslStream(_stream): a part of the same connection still.
                            continue;
                        }

                        isOne &= of is not null && fields.Contains(of) && (owner is null || SymbolEqualityComparer.Default.Equals(of, owner));
                        owner ??= of;
                    }
                }
            }

            if (isOne && owner is not null && !SymbolEqualityComparer.Default.Equals(owner, field))
            {
                groups[field] = owner;
            }
            else if (model.Types.IsConnection((field as IFieldSymbol)?.Type ?? (field as IPropertySymbol)?.Type))
            {
                groups[field] = field;
            }
        }

        // A part of a part: what it is a part of in the end must itself be whole.
        foreach (ISymbol part in groups.Keys.ToArray())
        {
            ISymbol? whole = part;
            for (int depth = 0; depth < DeepestCall && groups.TryGetValue(whole, out ISymbol? next) && !SymbolEqualityComparer.Default.Equals(next, whole); depth++)
            {
                whole = next;
            }

            if (groups.TryGetValue(whole, out ISymbol? end) && SymbolEqualityComparer.Default.Equals(end, whole))
            {
                groups[part] = whole;
            }
            else
            {
                groups.Remove(part);
            }
        }

        return groups;
    }

    /// <summary>The field whose stream or socket <paramref name="value"/> is, directly, through a wrapper, or through a local.</summary>
    private static ISymbol? OwnerOf(IOperation value, SocketBody body, int depth)
    {
        IOperation? owner = body.LocalAliases.OwnerOf(value);
        for (int hops = 0; owner is not null && hops < DeepestCall && body.LocalAliases.OwnerOf(owner) is { } further; hops++)
        {
            owner = further;
        }

        switch (owner?.Unwrap())
        {
            case IMemberReferenceOperation { Instance: null or IInstanceReferenceOperation } member:
                return member.Member.OriginalDefinition;
            case ILocalReferenceOperation { Local: var local }:
                foreach (IOperation reference in body.ReferencesTo(local))
                {
                    if (reference.Wrapped() is { Parent: ISimpleAssignmentOperation { Target: IMemberReferenceOperation target } assignment } stored && assignment.Value == stored)
                    {
                        return target.Member.OriginalDefinition;
                    }
                }

                return depth < DeepestCall && body.ValuesOf(local) is { Count: 1 } only ? OwnerOf(only[0], body, depth + 1) : null;
            default:
                return null;
        }
    }

    private static bool HasKnownOrigin(ISymbol holder, ConnectionAliases[] aliases, SocketModel model, CancellationToken cancellationToken)
    {
        bool any = false;
        if (model.InitializerOf(holder, cancellationToken) is { } initial && initial.Unwrap().ConstantValue is not { HasValue: true, Value: null })
        {
            any = true;
            if (!SocketOperation.MakesConnection(initial.Unwrap(), model.Types))
            {
                return false;
            }
        }

        foreach (ConnectionAliases alias in aliases)
        {
            foreach (IOperation assigned in alias.Body.ValuesOf(holder))
            {
                IOperation value = assigned.Unwrap();
                if (value.ConstantValue is { HasValue: true, Value: null })
                {
                    continue;
                }

                any = true;
                if (!IsOwn(value, model.Types)
                    && !(value is ILocalReferenceOperation { Local: var local } && alias.Body.ValuesOf(local) is { Count: 1 } values && IsOwn(values[0].Unwrap(), model.Types)))
                {
                    return false;
                }
            }
        }

        return any;
    }

    private static bool IsOwn(IOperation value, KnownTypes types) => SocketOperation.MakesConnection(value, types) || value is IParameterReferenceOperation;

    private bool RunsOnce(ISymbol member, int depth, CancellationToken cancellationToken)
    {
        if (member is IMethodSymbol { MethodKind: MethodKind.Constructor })
        {
            return true;
        }

        if (depth > DeepestCall || member is not IMethodSymbol { DeclaredAccessibility: Accessibility.Private, IsVirtual: false, IsOverride: false })
        {
            return false;
        }

        IOperation? call = null;
        ISymbol? caller = null;
        HashSet<string> name = [member.Name];
        foreach (Member candidate in _members)
        {
            if (candidate.Names(name, cancellationToken) && candidate.Body(_model, cancellationToken) is { } body)
            {
                foreach (IOperation reference in body.ReferencesTo(member.OriginalDefinition))
                {
                    if (call is not null || reference is not IInvocationOperation)
                    {
                        return false;
                    }

                    call = reference;
                    caller = candidate.Symbol;
                }
            }
        }

        return call is not null && !Paths.IsInLoop(call) && Paths.FunctionOf(call) is not (IAnonymousFunctionOperation or ILocalFunctionOperation)
            && RunsOnce(caller!, depth + 1, cancellationToken);
    }

    /// <summary>One method, constructor or accessor, bound when asked for.</summary>
    private sealed class Member(IMethodSymbol symbol, SyntaxNode syntax)
    {
        private const int WordBits = 512;

        private readonly SyntaxNode _syntax = syntax;
        private WordSet? _words;

        internal IMethodSymbol Symbol { get; } = symbol;

        internal int CompareTo(Member other)
        {
            int byFile = string.CompareOrdinal(_syntax.SyntaxTree.FilePath, other._syntax.SyntaxTree.FilePath);
            return byFile != 0 ? byFile : _syntax.SpanStart.CompareTo(other._syntax.SpanStart);
        }

        internal bool Names(HashSet<string> names, CancellationToken cancellationToken)
        {
            // Asked for many names, and of most members in vain.
            if (Volatile.Read(ref _words) is not { } words)
            {
                words = WordSet.Of(_syntax.SyntaxTree.GetText(cancellationToken), _syntax.FullSpan.Start, _syntax.FullSpan.End, WordBits, cancellationToken);
                Volatile.Write(ref _words, words);
            }

            foreach (string name in names)
            {
                if (words.MayHold(name) && WordIndex.TokensOf(_syntax, name, cancellationToken).Any())
                {
                    return true;
                }
            }

            return false;
        }

        internal bool SpeaksHttp()
        {
            foreach (SyntaxToken token in _syntax.DescendantTokens())
            {
                if (token.IsKind(SyntaxKind.StringLiteralToken) || token.IsKind(SyntaxKind.InterpolatedStringTextToken))
                {
                    if (token.ValueText.Contains("HTTP/1."))
                    {
                        return true;
                    }
                }
            }

            return false;
        }

        internal SocketBody? Body(SocketModel model, CancellationToken cancellationToken) => model.BodyOf(_syntax, Symbol, cancellationToken);
    }

    /// <summary>The flow of one body, for all the fields that it names.</summary>
    internal sealed class BodyFlow(ImmutableArray<ConnectionUse> uses, ConnectionAliases aliases)
    {
        private ConnectionFlow? _flow;

        internal ConnectionFlow Get(CancellationToken cancellationToken)
        {
            if (Volatile.Read(ref _flow) is { } known)
            {
                return known;
            }

            ConnectionFlow flow = ConnectionFlow.Of(uses, aliases, cancellationToken);
            Volatile.Write(ref _flow, flow);
            return flow;
        }
    }
}

/// <summary>A connection that a field holds, and all that members do to it.</summary>
internal sealed class FieldConnection(ISymbol field, ImmutableArray<FieldBody> bodies)
{
    internal ISymbol Field { get; } = field;

    internal ImmutableArray<FieldBody> Bodies { get; } = bodies;

    /// <summary>It connects in some member, or is made rather than accepted, so that the other end is the server.</summary>
    internal bool IsClient(CancellationToken cancellationToken) =>
        Bodies.Any(part => part.Use.IsClient || part.Body.CreationsOf(Field, cancellationToken).Any());
}

/// <summary>What one member does to a field's connection.</summary>
internal sealed class FieldBody(ConnectionUse use, SocketBody body, TypeFacts.BodyFlow flow)
{
    internal ConnectionUse Use { get; } = use;

    internal SocketBody Body { get; } = body;

    internal KnownFacts? Before(SocketOperation operation, CancellationToken cancellationToken) => flow.Get(cancellationToken).Before(operation);
}
