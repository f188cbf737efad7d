using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.ExceptionServices;
using RstGuard.CallSites;

namespace RstGuard;

/// <summary>
/// Tells whether a guard is disposed because an exception is leaving its scope. Inside <c>await using</c> and a <c>finally</c> that awaits no
/// exception is in flight for the runtime: the compiler catches it, disposes, and throws it again (measured with Roslyn 5: a clause that catches
/// <see cref="object"/> and stores what it caught). So each exception of the guard's flow is kept, and the last frame of its stack tells which clause
/// of which method has caught it.
/// </summary>
[UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Where methods were trimmed away every exception of the flow counts.")]
internal sealed class ExceptionInFlight : IDisposable
{
    private const int MaximumKept = 64;

    private readonly object _gate = new();
    private readonly LinkedList<Exception> _thrown = new();
    private readonly Func<bool> _inFlow;

    /// <param name="inFlow">Whether the calling flow is the guard's.</param>
    public ExceptionInFlight(Func<bool> inFlow)
    {
        _inFlow = inFlow;
        AppDomain.CurrentDomain.FirstChanceException += OnThrown;
    }

    /// <inheritdoc/>
    public void Dispose() => AppDomain.CurrentDomain.FirstChanceException -= OnThrown;

    /// <summary>The exception that leaves the scope at whose end <paramref name="disposal"/> calls; null where none does.</summary>
    /// <param name="disposal">The frame that disposes the guard.</param>
    public Exception? Find(StackFrame? disposal)
    {
        Exception[] thrown;
        lock (_gate)
        {
            thrown = [.. _thrown];
        }

        if (thrown.Length == 0)
        {
            return null;
        }

        if (disposal?.GetMethod() is not { } method || MethodBodyReader.Read(method) is not { } body)
        {
            // Nothing tells: an exception that may be in flight must not be hidden.
            return thrown[^1];
        }

        // The scope's own clause is the last one to end before the call.
        int at = disposal.GetILOffset();
        ExceptionHandlingClause? scope = Clauses(body.Body)
            .Where(clause => IsMadeByTheCompiler(clause, body) && clause.HandlerOffset + clause.HandlerLength <= at)
            .MaxBy(clause => clause.HandlerOffset + clause.HandlerLength);
        return thrown.LastOrDefault(exception => (scope is not null && WasCaughtBy(scope, exception, method, body.Body)) || Left(exception, method, body.Body));
    }

    // A finally that blocks instead of awaiting: the exception has a frame of its try, and is caught further out.
    private static bool Left(Exception exception, MethodBase method, MethodBody body)
    {
        StackFrame[] frames = new StackTrace(exception, false).GetFrames();
        return frames.SkipLast(1).Any(frame => IsSame(frame.GetMethod(), method) && body.ExceptionHandlingClauses.Any(clause =>
            clause.Flags == ExceptionHandlingClauseOptions.Finally
            && frame.GetILOffset() >= clause.TryOffset
            && frame.GetILOffset() < clause.TryOffset + clause.TryLength));
    }

    private static bool IsSame(MethodBase? one, MethodBase other) => one is not null && one.Module == other.Module && one.MetadataToken == other.MetadataToken;

    private static bool WasCaughtBy(ExceptionHandlingClause scope, Exception exception, MethodBase method, MethodBody body)
    {
        StackFrame? last = new StackTrace(exception, false).GetFrames().LastOrDefault();
        if (last is null || !IsSame(last.GetMethod(), method))
        {
            return false;
        }

        int thrownAt = last.GetILOffset();
        ExceptionHandlingClause? caughtBy = Clauses(body)
            .Where(clause => thrownAt >= clause.TryOffset && thrownAt < clause.TryOffset + clause.TryLength && Catches(clause, exception))
            .MinBy(clause => clause.TryLength);
        return caughtBy?.HandlerOffset == scope.HandlerOffset;
    }

    private static IEnumerable<ExceptionHandlingClause> Clauses(MethodBody body) =>
        body.ExceptionHandlingClauses.Where(clause => clause.Flags is ExceptionHandlingClauseOptions.Clause or ExceptionHandlingClauseOptions.Filter);

    // What a filter decided is not known; the exception left its method or it was handled there, and a filter mostly lets pass.
    private static bool Catches(ExceptionHandlingClause clause, Exception exception) =>
        clause.Flags == ExceptionHandlingClauseOptions.Clause && (clause.CatchType is null || clause.CatchType.IsInstanceOfType(exception));

    // A 'catch' without a type catches object too, but throws away what it caught.
    private static bool IsMadeByTheCompiler(ExceptionHandlingClause clause, MethodBodyReader body) =>
        clause.Flags == ExceptionHandlingClauseOptions.Clause
        && clause.CatchType == typeof(object)
        && body.Instructions.FirstOrDefault(instruction => instruction.Offset == clause.HandlerOffset).Code != OpCodes.Pop;

    private void OnThrown(object? sender, FirstChanceExceptionEventArgs args)
    {
        if (!_inFlow())
        {
            return;
        }

        lock (_gate)
        {
            // A rethrow through each awaiting method raises it again.
            _thrown.Remove(args.Exception);
            _thrown.AddLast(args.Exception);
            if (_thrown.Count > MaximumKept)
            {
                _thrown.RemoveFirst();
            }
        }
    }
}
