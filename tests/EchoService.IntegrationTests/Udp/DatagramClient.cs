using System.Net;
using System.Net.Sockets;

namespace EchoService.IntegrationTests.Udp;

/// <summary>A UDP socket that takes replies from the address it asked, and from no other.</summary>
internal sealed class DatagramClient : IDisposable
{
    /// <summary>What a datagram to a port that nobody has leads to: an ICMP error, which Windows gives another name.</summary>
    public static readonly SocketError Refusal = OperatingSystem.IsWindows() ? SocketError.ConnectionReset : SocketError.ConnectionRefused;

    private readonly byte[] _buffer = new byte[65_536];

    /// <param name="server">Whom to ask.</param>
    /// <param name="local">Where from; any port of the usual address when not given.</param>
    public DatagramClient(IPEndPoint server, IPEndPoint? local = null)
    {
        Socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        if (local is not null)
        {
            Socket.Bind(local);
        }

        Socket.Connect(server);
    }

    public Socket Socket { get; }

    public void Send(ReadOnlySpan<byte> datagram) => Socket.Send(datagram).ShouldBe(datagram.Length);

    /// <summary>The next datagram.</summary>
    public async Task<byte[]> ReceiveAsync()
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Eventually.Deadline);
        var count = await Socket.ReceiveAsync(_buffer.AsMemory(), deadline.Token);
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        return _buffer[..count];
    }

    /// <summary>Sends a datagram of random bytes and expects it back.</summary>
    public async Task EchoAsync(int size)
    {
        var datagram = new byte[size];
        Random.Shared.NextBytes(datagram);
        Send(datagram);
        (await ReceiveAsync()).AsSpan().SequenceEqual(datagram).ShouldBeTrue();
    }

    /// <summary>Holds that no datagram has come. Only once the service is known to be done with all that was sent.</summary>
    public void ShouldHaveNothing() => Socket.Poll(TimeSpan.Zero, SelectMode.SelectRead).ShouldBeFalse();

    public void Dispose() => Socket.Dispose();
}
