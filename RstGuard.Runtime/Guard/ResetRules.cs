using System.Reflection;
using RstGuard.CallSites;
using RstGuard.Diagnosis;

namespace RstGuard;

/// <summary>
/// Which rules are about a reset, by what the .NET side did and what the wire showed. A cause alone never names a rule: ten ways
/// to close end in <see cref="ResetCause.LingerZero"/>.
/// </summary>
public static class ResetRules
{
    private static readonly string Repository =
        typeof(ResetRules).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(data => data.Key == "RepositoryUrl")?.Value
        ?? throw new InvalidOperationException("The assembly was built without its RepositoryUrl.");

    // The inverse of the Catalogue's causes and origins; a test holds the two together.
    internal static IReadOnlyList<(CloseOrigin Origin, ResetCause Cause, string Rule)> Table { get; } =
    [
        (CloseOrigin.UserLingerZero, ResetCause.LingerZero, "RST1001"),
        (CloseOrigin.UserLingerZero, ResetCause.LingerZero, "RST1002"),
        (CloseOrigin.CloseZero, ResetCause.LingerZero, "RST1003"),
        (CloseOrigin.DisconnectReuse, ResetCause.LingerZero, "RST1004"),
        (CloseOrigin.HandleDisposed, ResetCause.LingerZero, "RST1005"),
        (CloseOrigin.TimedClose, ResetCause.CloseWithUnread, "RST1006"),
        (CloseOrigin.TimedClose, ResetCause.LingerZero, "RST1006"),
        (CloseOrigin.FrameworkAbort, ResetCause.CloseWithUnread, "RST1007"),
        (CloseOrigin.FrameworkAbort, ResetCause.LingerZero, "RST1007"),
        (CloseOrigin.Plain, ResetCause.CloseWithUnread, "RST2001"),
        (CloseOrigin.Plain, ResetCause.DataAfterClose, "RST2001"),
        (CloseOrigin.PendingAsync, ResetCause.LingerZero, "RST2002"),
        (CloseOrigin.PendingBlocking, ResetCause.DisconnectUnspec, "RST2002"),
        (CloseOrigin.PendingAsync, ResetCause.LingerZero, "RST2003"),
        (CloseOrigin.PendingAsync, ResetCause.LingerZero, "RST2004"),
        (CloseOrigin.PendingAsync, ResetCause.LingerZero, "RST2005"),
        (CloseOrigin.PendingAsync, ResetCause.LingerZero, "RST2006"),
        (CloseOrigin.Plain, ResetCause.DataAfterClose, "RST2007"),
        (CloseOrigin.Plain, ResetCause.DataAfterClose, "RST2008"),
        (CloseOrigin.Plain, ResetCause.CloseWithUnread, "RST2009"),
        (CloseOrigin.Plain, ResetCause.DataAfterClose, "RST2009"),
        (CloseOrigin.Plain, ResetCause.DataAfterClose, "RST2010"),
        (CloseOrigin.Plain, ResetCause.CloseWithUnread, "RST2011"),
        (CloseOrigin.Finalizer, ResetCause.CloseWithUnread, "RST3001"),
        (CloseOrigin.Finalizer, ResetCause.LingerZero, "RST3001"),
        (CloseOrigin.Finalizer, ResetCause.LingerZero, "RST3002"),
        (CloseOrigin.Finalizer, ResetCause.CloseWithUnread, "RST3003"),
        (CloseOrigin.Finalizer, ResetCause.LingerZero, "RST3003"),
        (CloseOrigin.Finalizer, ResetCause.LingerZero, "RST3004"),
        (CloseOrigin.Plain, ResetCause.DataAfterClose, "RST4001"),
        (CloseOrigin.Plain, ResetCause.LateSynAck, "RST4001"),
        (CloseOrigin.Finalizer, ResetCause.CloseWithUnread, "RST4002"),
        (CloseOrigin.Finalizer, ResetCause.LingerZero, "RST4002"),
        (CloseOrigin.Plain, ResetCause.AcceptQueueOverflow, "RST5001"),
        (CloseOrigin.Plain, ResetCause.ListenerClosed, "RST5002"),
        (CloseOrigin.Plain, ResetCause.HalfOpen, "RST6001"),
        (CloseOrigin.Plain, ResetCause.IdleExpiry, "RST6001"),
        (CloseOrigin.Plain, ResetCause.KeepaliveTimeout, "RST6002"),
        (CloseOrigin.Plain, ResetCause.CloseWithUnread, "RST6003"),
        (CloseOrigin.Plain, ResetCause.DataAfterClose, "RST6003"),
        (CloseOrigin.Plain, ResetCause.CloseWithUnread, "RST7003"),
        (CloseOrigin.Plain, ResetCause.CloseWithUnread, "RST7004"),
    ];

    /// <summary>The ids of the rules that are about such a reset, sorted; empty where no rule is.</summary>
    public static IReadOnlyList<string> For(CloseOrigin origin, ResetCause cause) =>
        Table.Where(row => row.Origin == origin && row.Cause == cause).Select(row => row.Rule).Order(StringComparer.Ordinal).ToArray();

    /// <summary>Rules in a line, of which there are some: the first with its page, which tells it from the others.</summary>
    internal static string Describe(IReadOnlyList<string> rules) =>
        $"{rules[0]}{(rules.Count > 1 ? $", or {string.Join(", ", rules.Skip(1))}" : "")}  {PageOf(rules[0])}";

    /// <summary>The address of a rule's page.</summary>
    public static string PageOf(string rule) => $"{Repository}/blob/main/docs/rules/{rule}.md";
}
