using System.Net;
using System.Net.Sockets;
using EchoService.Transport.Accepting;
using EchoService.Transport.Faults;
using EchoService.Transport.Timing;
using EchoService.Transport.Udp;

namespace EchoService.Transport;

/// <summary>
/// What is bound, and in which order: TCP, UDP where it is on to the same port, and the listener with a banner where there
/// is one. They open and close together, and a fault of the listener closes them for as long as it is on.
/// </summary>
internal sealed class Listeners : IDisposable
{
    /// <summary>How often any free port is tried when it has to be free for UDP too.</summary>
    private const int BindAttempts = 10;

    /// <summary>Descriptors that the runtime and the management API may need while no client can be accepted.</summary>
    private const int SpareDescriptors = 32;

    private readonly Lock _lock = new();
    private readonly ListenerContext _context;
    private readonly UdpContext _udpContext;

    // How often a port is asked for that was not to be had when a fault that had closed the listener ended.
    private readonly Backoff _rebinding;
    private ConnectionListener[] _open = [];
    private UdpEchoServer? _udp;
    private IPEndPoint? _endPoint;
    private IPEndPoint? _bannerEndPoint;

    // Ours though nobody listens there: while a fault has closed the listeners, and then until all that was can be had again.
    private BoundPort? _echoPort;
    private BoundPort? _bannerPort;
    private ITimer? _rebind;
    private bool _areWanted;
    private bool _refuse;
    private bool _lackPort;
    private bool _disposed;

    public Listeners(ListenerContext context, UdpContext udpContext)
    {
        _context = context;
        _udpContext = udpContext;
        _rebinding = new Backoff(context.TimeProvider, (error, delay) => Log.ListenerNotBack(context.Logger, error, delay));
    }

    /// <summary>What is or was last listened on; null before the first time.</summary>
    public IPEndPoint? EndPoint => Volatile.Read(ref _endPoint);

    /// <summary>The same of the listener with a banner; null where there is none.</summary>
    public IPEndPoint? BannerEndPoint => Volatile.Read(ref _bannerEndPoint);

    /// <summary>Whether clients can connect.</summary>
    public bool AreOpen => Volatile.Read(ref _open).Length > 0;

    /// <summary>Whether clients are to be let in: from <see cref="Open"/> to <see cref="Close"/>, whatever a fault does meanwhile.</summary>
    public bool AreWanted => Volatile.Read(ref _areWanted);

    /// <summary>Whether they are not open again though the fault that had closed them is over, for a port is taken.</summary>
    public bool LackPort => Volatile.Read(ref _lackPort);

    /// <summary>Binds them, the second time on the ports of the first, and accepts. Does nothing when they are open already.</summary>
    /// <exception cref="SocketException">The address is not ours, or the port is taken or not allowed.</exception>
    public void Open()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (AreOpen)
            {
                return;
            }

            try
            {
                OpenAll();
            }
            catch
            {
                ReleasePorts();
                throw;
            }
        }
    }

    public void Close()
    {
        lock (_lock)
        {
            CloseAll(holdPorts: false);
            Volatile.Write(ref _areWanted, false);
            _rebind?.Dispose();
            ReleasePorts();
        }
    }

    /// <summary>Another fault of the listener is on, or none. Those that are closed for one hold their ports by sockets that do not listen.</summary>
    public void OnFault(FaultKind? kind)
    {
        lock (_lock)
        {
            if (kind == FaultKind.NoAccept)
            {
                _context.Gate.Close();
            }
            else
            {
                _context.Gate.Open();
            }

            _refuse = kind == FaultKind.Refuse;
            if (_refuse)
            {
                CloseAll(holdPorts: true);
            }

            BindAgain();
        }
    }

    /// <summary>Closes them for good.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            Close();
        }
    }

    /// <summary>Binds all that is not held, listens on all and accepts. What could be had stays held where something could not. Called with the lock held.</summary>
    private void OpenAll()
    {
        var udp = BindAll();
        try
        {
            _open = ListenOnAll();
        }
        catch
        {
            udp?.Close();
            throw;
        }

        _udp = udp;
        Volatile.Write(ref _areWanted, true);
        Volatile.Write(ref _lackPort, false);
        foreach (var listener in _open)
        {
            listener.Start();
            if (listener.Kind == ListenerKind.Banner)
            {
                Log.ListeningWithBanner(_context.Logger, listener.EndPoint);
            }
            else
            {
                Log.Listening(_context.Logger, listener.EndPoint);
            }
        }

        _udp?.Start();
    }

    /// <summary>Binds what is not held, before anybody can connect to any of it.</summary>
    private UdpEchoServer? BindAll()
    {
        var udp = BindEcho(_endPoint?.Port ?? _context.Options.Port);
        try
        {
            if (_context.Options.BannerPort is { } port)
            {
                _bannerPort ??= BoundPort.Bind(_context.Options, _bannerEndPoint?.Port ?? port);
            }

            return udp;
        }
        catch (SocketException exception)
        {
            udp?.Close();
            throw new BannerBindException(exception.SocketErrorCode);
        }
    }

    /// <summary>Binds TCP, and UDP where it is on to the same port.</summary>
    private UdpEchoServer? BindEcho(int port)
    {
        for (var attempt = 1; ; attempt++)
        {
            _echoPort ??= BoundPort.Bind(_context.Options, port);
            try
            {
                return _udpContext.Options.Enabled ? UdpEchoServer.Bind(_udpContext, _echoPort.EndPoint) : null;
            }
            catch (SocketException exception) when (port == 0 && exception.SocketErrorCode == SocketError.AddressAlreadyInUse && attempt < BindAttempts)
            {
                Take(ref _echoPort)!.Dispose();
            }
        }
    }

    private ConnectionListener[] ListenOnAll()
    {
        var options = _context.Options;
        // Accepts that are outstanding when the reserve is let go may take one each.
        var descriptors = new DescriptorReserve(
            SpareDescriptors + (options.PendingAccepts * (options.BannerPort is null ? 1 : 2)), options.Address.AddressFamily);
        var echo = ConnectionListener.Listen(_context, ListenerKind.Echo, Take(ref _echoPort)!, descriptors);
        ConnectionListener? banner = null;
        try
        {
            banner = Take(ref _bannerPort) is { } port ? ConnectionListener.Listen(_context, ListenerKind.Banner, port, descriptors) : null;
        }
        catch (SocketException exception)
        {
            echo.Close();
            throw new BannerBindException(exception.SocketErrorCode);
        }

        _endPoint = echo.EndPoint;
        _bannerEndPoint = banner?.EndPoint;
        return banner is null ? [echo] : [echo, banner];
    }

    private void CloseAll(bool holdPorts)
    {
        foreach (var listener in _open)
        {
            listener.Close();
            // At once: the next one may take a second to close, and this port would be anybody's meanwhile.
            if (holdPorts)
            {
                Hold(listener);
            }
        }

        _open = [];
        _udp?.Close();
        _udp = null;
    }

    /// <summary>Keeps the port of a listener that was closed.</summary>
    private void Hold(ConnectionListener closed)
    {
        try
        {
            var port = BoundPort.Bind(_context.Options, closed.EndPoint.Port);
            if (closed.Kind == ListenerKind.Banner)
            {
                _bannerPort = port;
            }
            else
            {
                _echoPort = port;
            }
        }
        catch (SocketException)
        {
            // Somebody was faster. Once the fault is over it is asked for until it can be had.
        }
    }

    private void ReleasePorts()
    {
        Take(ref _echoPort)?.Dispose();
        Take(ref _bannerPort)?.Dispose();
    }

    private static BoundPort? Take(ref BoundPort? port) => Interlocked.Exchange(ref port, null);

    /// <summary>Opens them again that a fault had closed. Called with the lock held.</summary>
    private void BindAgain()
    {
        if (!_areWanted || _refuse || AreOpen)
        {
            return;
        }

        _rebind?.Dispose();
        try
        {
            OpenAll();
            _rebinding.Reset();
        }
        catch (SocketException exception)
        {
            Volatile.Write(ref _lackPort, true);
            var delay = _rebinding.Next(exception.SocketErrorCode);
            using (ExecutionContext.SuppressFlow())
            {
                _rebind = _context.TimeProvider.CreateTimer(static state => ((Listeners)state!).TryBindAgain(), this, delay, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void TryBindAgain()
    {
        lock (_lock)
        {
            BindAgain();
        }
    }
}
