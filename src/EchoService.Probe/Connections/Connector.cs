using System.Net;
using System.Net.Sockets;
using EchoService.Probe.Measurement;

namespace EchoService.Probe.Connections;

/// <summary>Makes connections to the target, each within the timeout, and says why one could not be made.</summary>
internal sealed class Connector(ProbeTarget target, TimeSpan timeout, LatencyHistogram connectTimes) : IDisposable
{
    /// <summary>
    /// Connects that may be under way at once. More than a listen backlog (commonly 128 to 4096) at a time would
    /// measure SYN retransmission, one second each, and not the server.
    /// </summary>
    private const int MaxConcurrentConnects = 128;

    private readonly SemaphoreSlim _slots = new(MaxConcurrentConnects);

    /// <summary>Either the socket or the failure is set; neither when <paramref name="stop"/> ended the attempt.</summary>
    public async Task<(Socket? Socket, ProbeEventKind? Failure)> ConnectAsync(CancellationToken stop)
    {
        try
        {
            await _slots.WaitAsync(stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return default;
        }

        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
            deadline.CancelAfter(timeout);
            return (await ConnectAnyAsync(deadline.Token).ConfigureAwait(false), null);
        }
        catch (OperationCanceledException)
        {
            return stop.IsCancellationRequested ? default : (null, ProbeEventKind.ConnectTimeout);
        }
        catch (SocketException e)
        {
            return (null, Classify(e.SocketErrorCode));
        }
        finally
        {
            _slots.Release();
        }
    }

    public void Dispose() => _slots.Dispose();

    /// <summary>Resolves the name for every connect, so that a name whose addresses change is followed, and tries each address.</summary>
    private async Task<Socket> ConnectAnyAsync(CancellationToken cancel)
    {
        var addresses = IPAddress.TryParse(target.Host, out var literal)
            ? [literal]
            : await Dns.GetHostAddressesAsync(target.Host, cancel).ConfigureAwait(false);
        for (var i = 0; ; i++)
        {
            if (i == addresses.Length)
            {
                throw new SocketException((int)SocketError.HostNotFound);
            }

            var socket = new Socket(addresses[i].AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.NoDelay = true;
                var began = Clock.Now;
                await socket.ConnectAsync(new IPEndPoint(addresses[i], target.Port), cancel).ConfigureAwait(false);
                // A connect to a dead port of the ephemeral range on this machine can meet itself, and would echo perfectly.
                if (Equals(socket.LocalEndPoint, socket.RemoteEndPoint))
                {
                    throw new SocketException((int)SocketError.ConnectionRefused);
                }

                connectTimes.Record(Clock.Now - began);
                return socket;
            }
            catch (SocketException) when (i + 1 < addresses.Length)
            {
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }

    private static ProbeEventKind Classify(SocketError error) => error switch
    {
        SocketError.ConnectionRefused or SocketError.ConnectionReset => ProbeEventKind.Refused,
        SocketError.TimedOut => ProbeEventKind.ConnectTimeout,
        SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable or SocketError.AddressNotAvailable
            or SocketError.AddressAlreadyInUse => ProbeEventKind.LocalLimit,
        _ => ProbeEventKind.Unreachable,
    };
}
