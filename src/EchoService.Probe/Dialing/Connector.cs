using System.Net;
using System.Net.Sockets;
using EchoService.Probe.Datagrams;
using EchoService.Probe.Events;
using EchoService.Probe.Measurement;

namespace EchoService.Probe.Dialing;

/// <summary>Makes connections to the target, or opens flows to it, each within the timeout, and says why one could not be made.</summary>
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
    private readonly Origin _origin;
    private readonly LatencyHistogram _connectTimes;
    private readonly Resolver _resolver;
    private readonly Dialer _dialer;
    private readonly Func<Socket, CancellationToken, Task>? _greet;
    private readonly FamilyRace? _race;

    /// <summary>Which of the origin's ports is tried next.</summary>
    private int _turn = -1;

    /// <param name="target">Where to.</param>
    /// <param name="timeout">For the look-up of the name, and again for the connect.</param>
    /// <param name="connectTimes">Takes how long each connect took.</param>
    /// <param name="mostAtOnce">Connects under way at once; who comes later waits.</param>
    /// <param name="origin">What the connections look like to the other side.</param>
    /// <param name="resolver">In place of the system's.</param>
    /// <param name="greet">Over UDP: returns once the other side has answered. Null: TCP.</param>
    public Connector(
        ProbeTarget target,
        TimeSpan timeout,
        LatencyHistogram connectTimes,
        int mostAtOnce = CrowdLimit,
        Origin? origin = null,
        Resolver? resolver = null,
        Func<Socket, CancellationToken, Task>? greet = null)
    {
        _slots = new SemaphoreSlim(mostAtOnce);
        _origin = origin ?? Origin.Plain;
        (_timeout, _port, _connectTimes) = (timeout, target.Port, connectTimes);
        _resolver = resolver ?? new Resolver(target.Host);
        _dialer = new Dialer(DialAsync);
        _greet = greet;
        _race = greet is null ? null : new FamilyRace(GreetAsync, timeout);
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

            if (_race is not null)
            {
                // Nothing is sent by this, so there is nothing to be measured.
                return (await _dialer.ConnectAsync(await _race.NarrowAsync(addresses, stop).ConfigureAwait(false), stop).ConfigureAwait(false), null);
            }

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

    private async Task<Socket> GreetAsync(IPAddress address, CancellationToken cancel)
    {
        var socket = await DialAsync(address, cancel).ConfigureAwait(false);
        try
        {
            await _greet!(socket, cancel).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<Socket> DialAsync(IPAddress address, CancellationToken cancel)
    {
        // A port may be taken by another program, or by a connection of ours that has only just ended.
        for (var left = _origin.Ports?.Count ?? 1; ; left--)
        {
            var socket = _race is null
                ? new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }
                : new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                await ConnectAsync(socket, new IPEndPoint(address, _port), cancel).ConfigureAwait(false);
                return socket;
            }
            catch (SocketException e) when (left > 1 && e.SocketErrorCode is (SocketError.AddressAlreadyInUse or SocketError.AddressNotAvailable))
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

    private async Task ConnectAsync(Socket socket, IPEndPoint target, CancellationToken cancel)
    {
        if (_origin.Source is not null || _origin.Ports is not null)
        {
            var source = _origin.Source ?? (socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any);
            var port = _origin.Ports is { } ports ? ports.First + (int)((uint)Interlocked.Increment(ref _turn) % (uint)ports.Count) : 0;
            // Over UDP it would let two flows share a port.
            if (_race is null)
            {
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            }

            socket.Bind(new IPEndPoint(source, port));
        }

        await socket.ConnectAsync(target, cancel).ConfigureAwait(false);
        // A connect to a dead port of the ephemeral range on this machine can meet itself, and would echo perfectly. The
        // other end is not asked for: one that has been reset meanwhile has none.
        if (target.Equals(socket.LocalEndPoint))
        {
            throw new SocketException((int)SocketError.ConnectionRefused);
        }

        if (_origin.ProxyVersion is { } version)
        {
            // It always fits the empty buffer of a fresh connection.
            await socket.SendAsync(ProxyProtocol.Header(version, (IPEndPoint)socket.LocalEndPoint!, target), SocketFlags.None, cancel).ConfigureAwait(false);
        }
    }
}
