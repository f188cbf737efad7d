using System.Net.Sockets;

namespace RstGuard;

/// <summary>
/// Copies between two TCP connections in both directions, as a proxy or tunnel does, so that each direction lasts to its own end.
/// </summary>
/// <remarks>
/// A peer that has sent all may still expect an answer (RFC 9293 section 3.6: a connection may be half-closed). Ending both directions
/// when the first one ends cuts that answer off, and its sender gets a reset.
/// </remarks>
public static class DuplexCopy
{
    private const int BufferSize = 81920;

    /// <summary>
    /// Copies from each stream to the other. Where one direction ends, its target is shut down for sending, and the other direction goes on to
    /// its own end. Closes neither stream.
    /// </summary>
    /// <param name="one">The stream of one connection.</param>
    /// <param name="other">The stream of the other connection.</param>
    /// <param name="idleTimeout">
    /// How long nothing may pass in either direction: more than zero, <see cref="int.MaxValue"/> milliseconds at most. A peer that vanished ends
    /// nothing by itself.
    /// </param>
    /// <param name="cancellationToken">Ends both directions.</param>
    /// <returns>Both directions; it fails as soon as one of them does, with the other one ended.</returns>
    /// <exception cref="ArgumentNullException">A stream is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="idleTimeout"/> is out of its range.</exception>
    /// <exception cref="TimeoutException">Nothing passed for <paramref name="idleTimeout"/>.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    /// <exception cref="IOException">A connection failed.</exception>
    public static Task CopyBothWaysAsync(this NetworkStream one, NetworkStream other, TimeSpan idleTimeout, CancellationToken cancellationToken = default)
    {
        if (one == null)
        {
            throw new ArgumentNullException(nameof(one));
        }

        if (other == null)
        {
            throw new ArgumentNullException(nameof(other));
        }

        if (idleTimeout <= TimeSpan.Zero || idleTimeout.TotalMilliseconds > int.MaxValue)
        {
            throw new ArgumentOutOfRangeException(nameof(idleTimeout), idleTimeout, "The time without data is more than zero and at most int.MaxValue milliseconds.");
        }

        return CopyAsync(one, other, idleTimeout, cancellationToken);
    }

    private static async Task CopyAsync(NetworkStream one, NetworkStream other, TimeSpan idleTimeout, CancellationToken cancellationToken)
    {
        using (CancellationTokenSource idle = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        using (CancellationTokenSource failed = CancellationTokenSource.CreateLinkedTokenSource(idle.Token))
        {
            idle.CancelAfter(idleTimeout);
            Task there = PumpAsync(one, other, idle, idleTimeout, failed);
            Task back = PumpAsync(other, one, idle, idleTimeout, failed);
            try
            {
                await Task.WhenAll(there, back).ConfigureAwait(false);
            }
            catch (Exception) when (there.IsFaulted || back.IsFaulted)
            {
                // The failure of one direction cancelled the other: the failure is what counts.
                await (there.IsFaulted ? there : back).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException("Nothing passed between the two connections for " + idleTimeout + ".");
            }
        }
    }

    private static async Task PumpAsync(NetworkStream from, NetworkStream to, CancellationTokenSource idle, TimeSpan idleTimeout, CancellationTokenSource failed)
    {
        byte[] buffer = new byte[BufferSize];
        try
        {
            int count;
            while ((count = await from.ReadAsync(buffer.AsMemory(), failed.Token).ConfigureAwait(false)) > 0)
            {
                idle.CancelAfter(idleTimeout);
                await to.WriteAsync(buffer.AsMemory(0, count), failed.Token).ConfigureAwait(false);
                idle.CancelAfter(idleTimeout);
            }
        }
        catch (Exception e) when (!(e is OperationCanceledException))
        {
            // At once, but by the timer's thread: what the other direction does when it ends holds this failure up no longer.
            failed.CancelAfter(TimeSpan.Zero);
            throw;
        }

        try
        {
            to.Socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The peer has torn the connection down: the other direction notices by itself.
        }
        catch (ObjectDisposedException)
        {
            // Closed meanwhile by somebody else.
        }
    }
}
