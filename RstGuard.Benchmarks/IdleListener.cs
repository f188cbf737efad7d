using System.Diagnostics.Tracing;
using RstGuard.CallSites;

namespace RstGuard.Benchmarks;

/// <summary>Has the runtime write the socket events that a guard listens to, and does nothing with them: what they cost, whatever is done with them.</summary>
internal sealed class IdleListener : EventListener
{
    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name is SocketEventLog.RuntimeSource or SocketEventLog.TelemetrySource)
        {
            EnableEvents(eventSource, EventLevel.Informational, eventSource.Name == SocketEventLog.RuntimeSource ? SocketEventLog.RuntimeKeywords : EventKeywords.None);
        }
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
    }
}
