using System.Net;
using System.Net.Sockets;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Transport;
using Microsoft.AspNetCore.Connections;

namespace EchoService.IntegrationTests.ControlPlane;

/// <summary>What the management API's sockets complete runs on the thread pool, and never on a thread that echoes.</summary>
public sealed class ManagementThreadTests
{
    private const string SocketThread = ".NET Sockets";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task OneSocketCanBeToldFromAnother(bool inline)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalEndPoint!);
        using var accepted = listener.Accept();
        if (!inline)
        {
            InlineCompletions.Disable(accepted);
        }

        var thread = ThreadAfterAsync(() => accepted.ReceiveAsync(new byte[1].AsMemory(), TestContext.Current.CancellationToken));
        client.Send([1]);
        if (OperatingSystem.IsLinux())
        {
            (await thread == SocketThread).ShouldBe(inline);
        }
    }

    [Fact]
    [Needs(Need.Linux)]
    public async Task NeitherAcceptsNorReceivesRunOnAThreadThatEchoes()
    {
        await using var host = await EchoHost.StartAsync();
        await using var listener = await host.Service<IConnectionListenerFactory>().BindAsync(new IPEndPoint(IPAddress.Loopback, 0), TestContext.Current.CancellationToken);
        ConnectionContext? connection = null;
        var thread = ThreadAfterAsync(async ValueTask<ConnectionContext?> () => connection = await listener.AcceptAsync(TestContext.Current.CancellationToken).ConfigureAwait(false));
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.EndPoint);
        (await thread).ShouldNotBe(SocketThread);

        var socket = connection!.Features.Get<Microsoft.AspNetCore.Connections.Features.IConnectionSocketFeature>()!.Socket;
        // Past what Kestrel itself does with a completion, which it hands to the pool in any case.
        thread = ThreadAfterAsync(() => socket.ReceiveAsync(Memory<byte>.Empty, TestContext.Current.CancellationToken));
        client.Send([1]);
        (await thread).ShouldNotBe(SocketThread);
        await connection.DisposeAsync();
    }

    /// <summary>The name of the thread on which an operation that is outstanding goes on.</summary>
    private static async Task<string?> ThreadAfterAsync<T>(Func<ValueTask<T>> begin)
    {
        await begin().ConfigureAwait(false);
        var name = Thread.CurrentThread.Name;
        await EchoClient.LeaveSocketThreadAsync();
        return name;
    }
}
