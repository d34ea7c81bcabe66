using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Transport.Faults;

namespace EchoService.IntegrationTests.Faults;

/// <summary>Tests of a service that may misbehave.</summary>
public abstract class FaultTests : ServiceTests
{
    private protected static readonly TimeSpan Long = TimeSpan.FromMinutes(10);

    private protected EchoHost Host { get; private set; } = null!;

    private protected HttpClient Api { get; private set; } = null!;

    /// <summary>What differs from the defaults.</summary>
    private protected virtual string[] Settings => [];

    public override async ValueTask InitializeAsync()
    {
        Host = await StartAsync(["Faults:Enabled=true", .. Settings]);
        Api = new HttpClient { BaseAddress = Host.ManagementUri, Timeout = Eventually.Deadline };
    }

    /// <summary>Begins a fault over HTTP.</summary>
    private protected async Task<JsonElement> BeginAsync(object fault)
    {
        using var answer = await Api.PostAsJsonAsync("/faults", fault, TestContext.Current.CancellationToken);
        await EchoClient.LeaveSocketThreadAsync();
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        answer.StatusCode.ShouldBe(HttpStatusCode.Created, text);
        return JsonElement.Parse(text);
    }

    /// <summary>Ends all faults over HTTP.</summary>
    private protected async Task EndAllAsync()
    {
        using var answer = await Api.DeleteAsync("/faults", TestContext.Current.CancellationToken);
        await EchoClient.LeaveSocketThreadAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private protected async Task<JsonElement> GetAsync(string path)
    {
        var json = await Api.GetFromJsonAsync<JsonElement>(path, TestContext.Current.CancellationToken);
        await EchoClient.LeaveSocketThreadAsync();
        return json;
    }

    /// <summary>Begins a fault without a detour by HTTP.</summary>
    private protected Fault Begin(FaultSpec spec) =>
        Host.Server.Faults.TryBegin(spec, out var fault, out var refusal) ? fault : throw new ShouldAssertException(refusal);

    private protected void End(Fault fault) => Host.Server.Faults.TryEnd(fault.Id, FaultEnd.Deleted, out _).ShouldBeTrue();

    private protected async Task<Socket> ConnectRawAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(Host.EndPoint, TestContext.Current.CancellationToken);
        await EchoClient.LeaveSocketThreadAsync();
        return socket;
    }

    /// <summary>Connects, and says how that ends: a reset may come before the connect is seen to be done.</summary>
    private protected async Task<StreamEnd> EndOfNewAsync()
    {
        try
        {
            using var socket = await ConnectRawAsync();
            return (await ReceiveToEndAsync(socket)).End;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
        {
            await EchoClient.LeaveSocketThreadAsync();
            return StreamEnd.Reset;
        }
    }

    /// <summary>Sends in pieces while it receives, half-closes, and returns all that came back until the end.</summary>
    private protected static async Task<byte[]> ExchangeAsync(Socket socket, byte[] bytes, Func<int> nextPiece)
    {
        var receiving = ReceiveToEndAsync(socket);
        for (var sent = 0; sent < bytes.Length;)
        {
            var count = Math.Min(nextPiece(), bytes.Length - sent);
            sent += await socket.SendAsync(bytes.AsMemory(sent, count), TestContext.Current.CancellationToken);
        }

        await EchoClient.LeaveSocketThreadAsync();
        socket.Shutdown(SocketShutdown.Send);
        return (await receiving).Bytes;
    }

    /// <summary>Receives until the end, and says which.</summary>
    private protected static async Task<(byte[] Bytes, StreamEnd End)> ReceiveToEndAsync(Socket socket)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Eventually.Deadline);
        using var received = new MemoryStream();
        var buffer = new byte[16_384];
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory(), deadline.Token) is var count and > 0)
            {
                received.Write(buffer, 0, count);
            }

            return (received.ToArray(), StreamEnd.Fin);
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
        {
            return (received.ToArray(), StreamEnd.Reset);
        }
        finally
        {
            await EchoClient.LeaveSocketThreadAsync();
        }
    }
}
