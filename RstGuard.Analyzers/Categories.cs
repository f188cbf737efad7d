namespace RstGuard;

/// <summary>Names of the categories; the first digit of a rule's id counts them.</summary>
internal static class Categories
{
    internal const string AbortiveClose = "AbortiveClose";
    internal const string DataInFlight = "DataInFlight";
    internal const string Ownership = "Ownership";
    internal const string ConnectTimeouts = "ConnectTimeouts";
    internal const string Listeners = "Listeners";
    internal const string Protocols = "Protocols";
    internal const string IdleConnections = "IdleConnections";
}
