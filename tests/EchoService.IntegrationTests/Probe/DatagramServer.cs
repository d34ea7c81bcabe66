using System.Net;
using System.Net.Sockets;

namespace EchoService.IntegrationTests.Probe;

/// <summary>A UDP server on a free loopback port that does with each datagram as the test says.</summary>
internal sealed class DatagramServer : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly Action<DatagramServer, IPEndPoint, byte[]> _behave;
    private readonly List<IPEndPoint> _sources = [];
    private readonly Lock _gate = new();
    private readonly Task _receiving;

    private DatagramServer(Action<DatagramServer, IPEndPoint, byte[]> behave, IPAddress address, int port)
    {
        _behave = behave;
        _socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        _socket.Bind(new IPEndPoint(address, port));
        Port = ((IPEndPoint)_socket.LocalEndPoint!).Port;
        _receiving = Task.Run(ReceiveAsync);
    }

    public int Port { get; }

    /// <summary>Who has sent anything, in the order of appearance.</summary>
    public IReadOnlyList<IPEndPoint> Sources
    {
        get
        {
            lock (_gate)
            {
                return [.. _sources];
            }
        }
    }

    /// <param name="behave">Given each datagram, one after the other.</param>
    /// <param name="address">Of loopback; 127.0.0.1 unless given.</param>
    /// <param name="port">0: a free one.</param>
    public static DatagramServer Start(Action<DatagramServer, IPEndPoint, byte[]> behave, IPAddress? address = null, int port = 0) => new(behave, address ?? IPAddress.Loopback, port);

    public static DatagramServer StartEcho(IPAddress? address = null) => Start((server, from, datagram) => server.Answer(from, datagram), address);

    public void Answer(IPEndPoint to, ReadOnlySpan<byte> datagram)
    {
        try
        {
            _socket.SendTo(datagram, to);
        }
        catch (SocketException)
        {
            // Whoever asked has gone.
        }
        catch (ObjectDisposedException)
        {
            // So has the server.
        }
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _receiving;
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[65_536];
        var anyone = new IPEndPoint(_socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        while (true)
        {
            try
            {
                var received = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, anyone);
                var from = (IPEndPoint)received.RemoteEndPoint;
                lock (_gate)
                {
                    if (!_sources.Contains(from))
                    {
                        _sources.Add(from);
                    }
                }

                _behave(this, from, buffer[..received.ReceivedBytes]);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused or SocketError.ConnectionReset)
            {
                // An answer came to nobody.
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
