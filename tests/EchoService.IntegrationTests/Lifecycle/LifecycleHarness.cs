using System.Net;
using System.Net.Sockets;
using EchoService.Lifecycle;
using EchoService.Transport;
using EchoService.Transport.Accepting;
using Microsoft.Extensions.Logging.Abstractions;

namespace EchoService.IntegrationTests.Lifecycle;

/// <summary>The data plane and its lifecycle on a clock that the test moves, with real sockets.</summary>
internal sealed class LifecycleHarness : IAsyncDisposable
{
    private readonly List<Socket> _clients = [];

    public LifecycleHarness(EchoOptions? echo = null, DrainOptions? drain = null, IConnectionObserver? observer = null, IPAddress? address = null)
    {
        Server = new EchoServer(
            (echo ?? new EchoOptions()) with { Port = 0, Address = address ?? IPAddress.Loopback },
            new DescriptorBudget((echo ?? new EchoOptions()).MaxConnections, 0),
            observer ?? new Observer(),
            Time,
            NullLogger<EchoServer>.Instance);
        Lifecycle = new ServiceLifecycle(Server, drain ?? new DrainOptions(), Time, NullLogger<ServiceLifecycle>.Instance);
        Lifecycle.PhaseChanged += (_, phase) => Phases.Add(phase);
        Server.Listen();
    }

    public SteppedTimeProvider Time { get; } = new();

    public EchoServer Server { get; }

    public ServiceLifecycle Lifecycle { get; }

    /// <summary>Every phase entered, in order.</summary>
    public List<ServicePhase> Phases { get; } = [];

    public async Task<Socket> ConnectAsync()
    {
        var accepted = Server.Counters.Accepted;
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _clients.Add(client);
        await client.ConnectAsync(Server.EndPoint!, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => Server.Counters.Accepted > accepted);
        return client;
    }

    public async Task<Socket[]> ConnectAsync(int count)
    {
        var clients = new Socket[count];
        for (var i = 0; i < count; i++)
        {
            clients[i] = await ConnectAsync();
        }

        return clients;
    }

    /// <summary>Sends a message, reads its echo and sees that the server is done with it.</summary>
    public async Task EchoAsync(Socket client, int length = 100)
    {
        var sent = new byte[length];
        Random.Shared.NextBytes(sent);
        await client.SendAsync(sent, TestContext.Current.CancellationToken);
        (await ReadAsync(client, length)).ShouldBe(sent);
        await Eventually.TrueAsync(() => Server.Connections.Live.All(connection => connection.PendingBytes == 0));
    }

    /// <summary>The newest client sends and never reads, until the server's echo is stuck.</summary>
    public async Task FillAsync(Socket client)
    {
        client.Blocking = false;
        var block = new byte[65_536];
        var connection = Server.Connections.Live.MaxBy(candidate => candidate.Id)!;
        await Eventually.TrueAsync(() =>
        {
            client.Send(block, SocketFlags.None, out var error);
            return error == SocketError.WouldBlock && connection.PendingBytes > 0;
        });
    }

    /// <summary>Reads up to <paramref name="length"/> bytes, fewer only when the server's FIN comes first.</summary>
    public static async Task<byte[]> ReadAsync(Socket client, int length)
    {
        var received = new byte[length];
        var count = 0;
        using var timeout = new CancellationTokenSource(Eventually.Deadline);
        while (count < length)
        {
            var read = await client.ReceiveAsync(received.AsMemory(count), timeout.Token);
            if (read == 0)
            {
                break;
            }

            count += read;
        }

        return received[..count];
    }

    /// <summary>Holds that the next thing the client sees is FIN.</summary>
    public static async Task ShouldSeeFinAsync(Socket client) => (await ReadAsync(client, 1)).ShouldBeEmpty();

    /// <summary>Holds that the next thing the client sees is RST.</summary>
    public static async Task ShouldSeeResetAsync(Socket client) =>
        (await Should.ThrowAsync<SocketException>(() => ReadAsync(client, 1))).SocketErrorCode.ShouldBe(SocketError.ConnectionReset);

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
        {
            client.Dispose();
        }

        Lifecycle.Dispose();
        Server.Dispose();
        await Eventually.TrueAsync(() => Server.Limit.Active == 0);
        Server.EventArgs.InUse.ShouldBe(0);
        Server.Buffers.BytesInUse.ShouldBe(0);
    }
}
