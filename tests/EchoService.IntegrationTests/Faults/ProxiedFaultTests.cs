using System.Net;
using System.Net.Sockets;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.IntegrationTests.ProxyProtocol;
using EchoService.Transport.Addressing;
using EchoService.Transport.Connections;
using EchoService.Transport.Faults;

namespace EchoService.IntegrationTests.Faults;

/// <summary>Faults of connections that begin with a PROXY header, and whom they go by.</summary>
public sealed class ProxiedFaultTests : FaultTests
{
    private static readonly byte[] Header = ProxyHeaders.Good["v1 TCP4"].Header;

    private static readonly byte[] Sent = [1, 2, 3, 4, 5];

    private static readonly byte[] Inverted = [254, 253, 252, 251, 250];

    private protected override string[] Settings => ["Echo:ProxyProtocol=required", "Echo:TrustedProxies=127.0.0.0/8", "Echo:ProxyHeaderTimeout=00:00:03", "Echo:BannerPort=0"];

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Host.Preamble = ProxyHeaders.Good["v2 LOCAL"].Header;
    }

    [Theory]
    [InlineData("192.0.2.0/24", true)]
    [InlineData("127.0.0.0/8", false)]
    public async Task RemoteIsWhomTheHeaderNamesAndTheFirstByteAfterItIsTheFirstThatCounts(string remote, bool isMet)
    {
        var fault = Begin(new FaultSpec(FaultKind.Corrupt, Long) { EveryBytes = 1, Remote = Range(remote) });
        using var socket = await ConnectRawAsync();

        // In one segment with the header.
        (await ExchangeAsync(socket, [.. Header, .. Sent], () => 1000)).ShouldBe(isMet ? Inverted : Sent);

        fault.Connections.ShouldBe(isMet ? 1 : 0);
    }

    [Fact]
    public async Task WhoIsNotKnownYetIsMetWhenTheHeaderIsComplete()
    {
        using var socket = await ConnectRawAsync();
        await socket.SendAsync(Header.AsMemory(0, 10), TestContext.Current.CancellationToken);
        await EchoClient.LeaveSocketThreadAsync();
        await Host.WaitForAsync(_ => Host.Server.Connections.Live.Any());
        var fault = Begin(new FaultSpec(FaultKind.Corrupt, Long) { EveryBytes = 1, Scope = FaultScope.Open, Remote = Range("192.0.2.7") });
        fault.Connections.ShouldBe(0);

        (await ExchangeAsync(socket, [.. Header[10..], .. Sent], () => 1000)).ShouldBe(Inverted);

        fault.Connections.ShouldBe(1);
    }

    [Fact]
    public async Task AStallHoldsTheEchoAndNotTheHeader()
    {
        var fault = Begin(new FaultSpec(FaultKind.Stall, Long));
        using var client = await Host.ConnectAsync();
        await client.SendAsync(100);
        var connection = await Eventually.BecomesAsync(() => Task.FromResult(Host.Server.Connections.Live.SingleOrDefault()), one => one?.BytesReceived == 100);
        connection!.Detour!.IsHeldBy(fault.Id).ShouldBeTrue();
        client.Socket.Available.ShouldBe(0);
        End(fault);
        await client.ReceiveAsync(100);
        await client.FinishAsync();
    }

    [Theory]
    [InlineData("127.0.0.1", StreamEnd.Reset)]
    [InlineData("192.0.2.7", StreamEnd.Fin)]
    public async Task ResetNewDoesNotWaitForTheHeaderAndGoesByTheSocketsPeer(string remote, object end)
    {
        Begin(new FaultSpec(FaultKind.ResetNew, Long) { Remote = Range(remote) });
        // The one whom it is not about sends no header in time.
        (await EndOfNewAsync()).ShouldBe(end);
        await Host.WaitForAsync(stats => stats.Accepted == ((StreamEnd)end == StreamEnd.Fin ? 1 : 0) && stats.Active == 0);
    }

    [Fact]
    public async Task TheBannerIsNoEchoAndStaysWhole()
    {
        Begin(new FaultSpec(FaultKind.Corrupt, Long) { EveryBytes = 1 });
        Begin(new FaultSpec(FaultKind.Delay, Long) { Delay = TimeSpan.FromMilliseconds(50) });
        Begin(new FaultSpec(FaultKind.Slice, Long) { PieceBytes = 2 });
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(Host.BannerEndPoint, TestContext.Current.CancellationToken);
        await EchoClient.LeaveSocketThreadAsync();

        var received = await ExchangeAsync(socket, [.. Header, .. Sent], () => 1000);

        var line = System.Text.Encoding.UTF8.GetString(received[..^5]);
        line.ShouldStartWith("{\"service\":\"echoservice\",");
        line.ShouldEndWith("}\n");
        received[^5..].ShouldBe(Inverted);
        await Eventually.TrueAsync(() => Host.Server.Connections.Ended.Any());
        Host.Server.Connections.Ended.Single().CloseReason.ShouldBe(CloseReason.ClientFin);
    }

    [Theory]
    [InlineData(FaultKind.Refuse)]
    [InlineData(FaultKind.NoAccept)]
    [InlineData(FaultKind.ResetNew)]
    public async Task FaultsOfTheListenerAreAboutTheBannersToo(object kind)
    {
        var fault = Begin(new FaultSpec((FaultKind)kind, Long));
        var banner = Host.BannerEndPoint;
        foreach (var endPoint in (IPEndPoint[])[Host.EndPoint, banner])
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(endPoint, TestContext.Current.CancellationToken);
                await EchoClient.LeaveSocketThreadAsync();
                if ((FaultKind)kind == FaultKind.NoAccept)
                {
                    (await Host.GetStatsAsync()).Accepted.ShouldBe(0);
                    continue;
                }

                (await ReceiveToEndAsync(socket)).End.ShouldBe(StreamEnd.Reset);
                ((FaultKind)kind).ShouldBe(FaultKind.ResetNew);
            }
            catch (SocketException exception)
            {
                await EchoClient.LeaveSocketThreadAsync();
                exception.SocketErrorCode.ShouldBe((FaultKind)kind == FaultKind.Refuse ? SocketError.ConnectionRefused : SocketError.ConnectionReset);
            }
        }

        End(fault);

        Host.BannerEndPoint.ShouldBe(banner);
        using var after = await EchoClient.ConnectAsync(banner);
        after.Socket.Send(Host.Preamble.Span);
        after.ShutdownSend();
        var (bytes, end) = await ReceiveToEndAsync(after.Socket);
        bytes[0].ShouldBe((byte)'{');
        end.ShouldBe(StreamEnd.Fin);
    }

    private static AddressRange Range(string text) => AddressRange.TryParse(text, out var range) ? range : throw new ArgumentException(text);
}
