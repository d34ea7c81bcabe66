using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using EchoService.Transport.Addressing;
using EchoService.Transport.Faults;
using EchoService.Transport.Timing;

namespace EchoService.Transport.Udp;

/// <summary>
/// RFC 862 over UDP, from bind to close: the sockets, a receive outstanding on each, and the rules by which a
/// datagram is answered or not. It has no connections, so there is nothing to drain but the sockets.
/// </summary>
/// <remarks>
/// A reply must leave from the address that was asked, or the client takes it for somebody else's. The kernel chooses
/// the source by route, and .NET cannot override that for a single datagram, so on a wildcard address the first
/// datagram to a local address opens a socket that is bound to it. The kernel prefers that socket from then on. Of too
/// many the one that was not used for longest is closed, so that addresses that are gone make room for those that came.
/// </remarks>
internal sealed class UdpEchoServer
{
    /// <summary>The most that a UDP datagram can carry, in bytes: over IPv6; over IPv4 it is 65,507.</summary>
    public const int MaxDatagramLength = 65_527;

    /// <summary>Local addresses that get a socket of their own. A machine has a few; only 127.0.0.0/8 has more.</summary>
    private const int MaxLocalAddresses = 64;

    /// <summary>The most datagrams that are dealt with before those on a socket that was opened meanwhile: about what fits a socket's buffer.</summary>
    private const int MostBeforeOpened = 4096;

    /// <summary>What the kernel may hold for us; it caps it at <c>net.core.rmem_max</c>.</summary>
    private const int KernelBufferSize = 1 << 20;

    /// <summary>Ports of system services (RFC 6335): echo, chargen, DNS, NTP and others that would answer an answer.</summary>
    private const int FirstUserPort = 1024;

    /// <summary>Bytes of datagrams that a fault may hold back; those beyond are dropped.</summary>
    private const int MostHeldBytes = 16 << 20;

    private readonly Lock _lock = new();
    private readonly UdpContext _context;
    private readonly UdpSocket _socket;
    private readonly IPEndPoint _endPoint;
    private readonly UdpRateLimiter _limiter;

    // By the local address that they are bound to.
    private readonly Dictionary<IPAddress, UdpSocket> _byLocalAddress = [];

    /// <summary>Opened, and not received on before what came to the wildcard's socket is answered. Of that socket's receive alone.</summary>
    private readonly List<UdpSocket> _opened = [];
    private int _patience;
    private long _heldBytes;
    private bool _isClosed;

    private UdpEchoServer(UdpContext context, Socket socket)
    {
        _context = context;
        _endPoint = (IPEndPoint)socket.LocalEndPoint!;
        _limiter = new UdpRateLimiter(context.Options.RatePerSource, context.TimeProvider);
        Backoff = new Backoff(context.TimeProvider, (error, delay) => Log.ReceivingBackedOff(context.Logger, error, delay));
        var isWildcard = _endPoint.Address.Equals(IPAddress.Any) || _endPoint.Address.Equals(IPAddress.IPv6Any);
        _socket = new UdpSocket(socket, tellsAddress: isWildcard && OperatingSystem.IsLinux());
    }

    public UdpCounters Counters => _context.Counters;

    public TimeProvider TimeProvider => _context.TimeProvider;

    /// <summary>For receives that fail for a reason other than a close.</summary>
    public Backoff Backoff { get; }

    /// <summary>The faults that are on and about datagrams.</summary>
    public Fault[] Faults => _context.Faults.OfDatagrams;

    /// <summary>Binds. Datagrams wait in the kernel until <see cref="Start"/>.</summary>
    /// <param name="context">What it needs of the world.</param>
    /// <param name="endPoint">What the TCP listener is bound to.</param>
    /// <exception cref="UdpBindException">The port is taken or not allowed.</exception>
    public static UdpEchoServer Bind(UdpContext context, IPEndPoint endPoint)
    {
        var socket = NewSocket(endPoint.Address);
        try
        {
            socket.Bind(endPoint);
            return new UdpEchoServer(context, socket);
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            throw new UdpBindException(exception.SocketErrorCode);
        }
    }

    /// <summary>Starts to answer.</summary>
    public void Start()
    {
        Receive(_socket);
        Log.ListeningForDatagrams(_context.Logger, _endPoint);
    }

    /// <summary>Closes the sockets, for good. What is in their buffers is lost.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            foreach (var socket in _byLocalAddress.Values)
            {
                socket.Close();
            }
        }

        _socket.Close();
    }

    /// <summary>Called before each receive on the socket of all addresses.</summary>
    public void BeforeReceiveOnWildcard()
    {
        if (_opened.Count == 0)
        {
            return;
        }

        // What waits there came before all that waits on the sockets that were opened meanwhile, and is answered first.
        // A flood that no socket is opened for, as of broadcasts, holds them up for a moment only.
        if (_socket.Socket.Available > 0 && --_patience > 0)
        {
            return;
        }

        _opened.ForEach(Receive);
        _opened.Clear();
    }

    /// <summary>Decides about a datagram.</summary>
    /// <param name="receivedOn">The socket that it came on.</param>
    /// <param name="source">Who sent it.</param>
    /// <param name="packet">Which of our addresses it was sent to.</param>
    /// <param name="replySocket">What the reply has to be sent by.</param>
    /// <returns>Null: it is to be answered. Otherwise why not.</returns>
    public UdpDropReason? Judge(UdpSocket receivedOn, DatagramSource source, IPPacketInformation packet, out UdpSocket? replySocket)
    {
        replySocket = null;
        receivedOn.LastUsed = Counters.Received;
        if (source.Port < FirstUserPort || source.Port == _endPoint.Port)
        {
            return UdpDropReason.ReservedPort;
        }

        if (!_limiter.TryTake(source.Number))
        {
            return UdpDropReason.Rate;
        }

        if (!receivedOn.TellsAddress || packet.Address is not { } local)
        {
            replySocket = receivedOn;
            return null;
        }

        // A link-local address is one only together with its link.
        local = local.IsIPv6LinkLocal ? new IPAddress(local.GetAddressBytes(), packet.Interface) : local;
        return Route(local, out replySocket);
    }

    /// <summary>Lets a receiver go on when the thread has dealt with what waits for it already, TCP connections among it.</summary>
    public void Yield(UdpReceiver receiver) => _context.Turnstiles.Yield(receiver);

    /// <summary>Holds a reply back.</summary>
    /// <param name="reply">What is to be sent.</param>
    /// <param name="fault">What delays it.</param>
    /// <returns>False: too much is held back already.</returns>
    public bool TryHold(HeldDatagram reply, Fault fault)
    {
        if (Interlocked.Add(ref _heldBytes, reply.Count) > MostHeldBytes)
        {
            OnHeldGone(reply);
            return false;
        }

        var pacer = _context.Faults.DatagramPacer;
        pacer.Schedule(reply, pacer.Now + pacer.Ticks(fault.Spec.Delay));
        if (fault.IsOver)
        {
            // Ended meanwhile, and perhaps not seen by whoever ended it.
            pacer.Hasten();
        }

        return true;
    }

    /// <summary>A reply is held back no more.</summary>
    public void OnHeldGone(HeldDatagram reply) => Interlocked.Add(ref _heldBytes, -reply.Count);

    public void OnUnexpected(Exception exception) => Log.DatagramFailed(_context.Logger, exception);

    private static Socket NewSocket(IPAddress address)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        if (socket.AddressFamily == AddressFamily.InterNetworkV6 && (address.Equals(IPAddress.IPv6Any) || address.IsIPv4()))
        {
            socket.DualMode = true;
        }

        socket.ReceiveBufferSize = KernelBufferSize;
        return socket;
    }

    private static bool IsUnicast(IPAddress address)
    {
        if (!address.IsIPv4())
        {
            return !address.IsIPv6Multicast;
        }

        var plain = address.Plain();
        const byte FirstMulticast = 224;
        return plain.GetAddressBytes()[0] < FirstMulticast && !IsBroadcast(plain);
    }

    /// <summary>Whether it is the broadcast address of a network that we are on.</summary>
    /// <remarks>
    /// The kernel's routes know, and say so in three system calls: it connects no socket to a broadcast address that was
    /// not opened for that (EACCES, ip(7)). Asking all interfaces instead would hold up the socket thread for long.
    /// </remarks>
    private static bool IsBroadcast(IPAddress address)
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            probe.Connect(address, FirstUserPort);
            return false;
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode == SocketError.AccessDenied;
        }
    }

    private void Receive(UdpSocket socket)
    {
        // One at a time: several would overtake each other, and cost 9.8 µs for a datagram in place of 8.7 (the bench's udp).
        new UdpReceiver(this, socket).Execute();
    }

    /// <summary>Finds or opens the socket for a local address.</summary>
    private UdpDropReason? Route(IPAddress local, out UdpSocket? socket)
    {
        lock (_lock)
        {
            if (_byLocalAddress.TryGetValue(local, out socket))
            {
                socket.LastUsed = Counters.Received;
                return null;
            }
        }

        try
        {
            if (!IsUnicast(local))
            {
                return UdpDropReason.NotUnicast;
            }
        }
        catch (SocketException)
        {
            // No socket to find out with.
            return UdpDropReason.Resource;
        }

        lock (_lock)
        {
            // Another datagram may have been faster.
            if (_byLocalAddress.TryGetValue(local, out socket))
            {
                return null;
            }

            if (_isClosed || !TryOpen(local, out socket))
            {
                // Not remembered: what is short now may be there for the next one.
                return UdpDropReason.Resource;
            }

            socket.LastUsed = Counters.Received;
            MakeRoom();
            _byLocalAddress.Add(local, socket);
        }

        _opened.Add(socket);
        _patience = MostBeforeOpened;
        return null;
    }

    private void MakeRoom()
    {
        if (_byLocalAddress.Count == MaxLocalAddresses)
        {
            var (address, socket) = _byLocalAddress.MinBy(static entry => entry.Value.LastUsed);
            _byLocalAddress.Remove(address);
            socket.Close();
        }
    }

    private bool TryOpen(IPAddress local, [NotNullWhen(true)] out UdpSocket? opened)
    {
        opened = null;
        var mapped = _socket.Socket.AddressFamily == AddressFamily.InterNetworkV6 ? local.MapToIPv6() : local;
        Socket? socket = null;
        try
        {
            socket = NewSocket(mapped);
            // Both must agree to share the port, but only for this moment: it stays taken for everyone else.
            AddressSharing.Set(_socket.Socket, true);
            AddressSharing.Set(socket, true);
            socket.Bind(new IPEndPoint(mapped, _endPoint.Port));
            opened = new UdpSocket(socket, tellsAddress: false);
            return true;
        }
        catch (SocketException)
        {
            socket?.Dispose();
            return false;
        }
        finally
        {
            AddressSharing.Set(_socket.Socket, false);
            if (opened is not null)
            {
                AddressSharing.Set(opened.Socket, false);
            }
        }
    }
}
