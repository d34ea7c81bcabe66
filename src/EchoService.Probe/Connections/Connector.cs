using System.Net;
using System.Net.Sockets;
using EchoService.Probe.Measurement;

namespace EchoService.Probe.Connections;

/// <summary>Makes connections to the target, each within the timeout, and says why one could not be made.</summary>
internal sealed class Connector : IDisposable
{
    /// <summary>
    /// Connects of a crowd that may be under way at once. More than a listen backlog (commonly 128 to 4096) at a time would
    /// measure SYN retransmission, one second each, and not the server.
    /// </summary>
    public const int CrowdLimit = 128;

    private readonly SemaphoreSlim _slots;
    private readonly TimeSpan _timeout;
    private readonly int _port;
    private readonly LatencyHistogram _connectTimes;
    private readonly Resolver _resolver;
    private readonly Dialer _dialer;

    /// <param name="target">Where to.</param>
    /// <param name="timeout">For the look-up of the name, and again for the connect.</param>
    /// <param name="connectTimes">Takes how long each connect took.</param>
    /// <param name="mostAtOnce">Connects under way at once; who comes later waits.</param>
    /// <param name="resolver">In place of the system's.</param>
    public Connector(ProbeTarget target, TimeSpan timeout, LatencyHistogram connectTimes, int mostAtOnce = CrowdLimit, Resolver? resolver = null)
    {
        _slots = new SemaphoreSlim(mostAtOnce);
        (_timeout, _port, _connectTimes) = (timeout, target.Port, connectTimes);
        _resolver = resolver ?? new Resolver(target.Host);
        _dialer = new Dialer(DialAsync);
    }

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

        // A silent name server must not use up the time of the addresses, so each has the timeout for itself.
        var failure = ProbeEventKind.Unreachable;
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
            patience.CancelAfter(_timeout);
            var addresses = await _resolver.ResolveAsync(patience.Token).ConfigureAwait(false);

            failure = ProbeEventKind.ConnectTimeout;
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
            deadline.CancelAfter(_timeout);
            var began = Clock.Now;
            var socket = await _dialer.ConnectAsync(addresses, deadline.Token).ConfigureAwait(false);
            _connectTimes.Record(Clock.Now - began);
            return (socket, null);
        }
        catch (OperationCanceledException)
        {
            return stop.IsCancellationRequested ? default : (null, failure);
        }
        catch (SocketException e)
        {
            return (null, Failures.OfConnect(e.SocketErrorCode));
        }
        finally
        {
            _slots.Release();
        }
    }

    public void Dispose() => _slots.Dispose();

    private async Task<Socket> DialAsync(IPAddress address, CancellationToken cancel)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            await socket.ConnectAsync(new IPEndPoint(address, _port), cancel).ConfigureAwait(false);
            // A connect to a dead port of the ephemeral range on this machine can meet itself, and would echo perfectly.
            return Equals(socket.LocalEndPoint, socket.RemoteEndPoint)
                ? throw new SocketException((int)SocketError.ConnectionRefused)
                : socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
