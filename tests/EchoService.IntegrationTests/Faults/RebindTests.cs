using System.Net;
using System.Net.Sockets;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.IntegrationTests.Lifecycle;
using EchoService.Transport;
using EchoService.Transport.Accepting;
using EchoService.Transport.Addressing;
using EchoService.Transport.Faults;

namespace EchoService.IntegrationTests.Faults;

/// <summary>The end of <c>refuse</c>, with a port that somebody else has taken meanwhile.</summary>
public sealed class RebindTests : FaultTests
{
    private protected override string[] Settings => ["Echo:BannerPort=0"];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Needs(Need.Linux)]
    public async Task IsTriedUntilThePortIsFreeAndReadinessAndStatsSayWhyNobodyCanConnect(bool isBanner)
    {
        using (var other = BindBeside(Host.Server, isBanner ? Host.Server.BannerEndPoint! : Host.Server.EndPoint!))
        {
            await BeginAsync(new { kind = "refuse", durationSeconds = 600 });
            other.Listen();
            await EndAllAsync();

            Host.Server.LacksListener.ShouldBeTrue();
            using var answer = await Api.GetAsync("/readyz", TestContext.Current.CancellationToken);
            await EchoClient.LeaveSocketThreadAsync();
            answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            (await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("is taken: nobody can connect");
            (await GetAsync("/stats")).GetProperty("listeners").EnumerateArray().ShouldAllBe(listener => listener.GetProperty("state").GetString() == "closed");
            (await GetAsync("/faults")).GetProperty("items").GetArrayLength().ShouldBe(0);
        }

        await Eventually.TrueAsync(() => Host.Server.IsListening);
        Host.Server.LacksListener.ShouldBeFalse();
        (await GetAsync("/readyz")).GetProperty("status").GetString().ShouldBe("ok");
        Host.EndPoint.Port.ShouldBe(Host.Server.EndPoint!.Port);
    }

    [Fact]
    [Needs(Need.Linux)]
    public async Task IsTriedFromTheShortestWaitAgainTheNextTime()
    {
        await using var harness = new LifecycleHarness();
        EndWithThePortTaken(TimeSpan.FromSeconds(5));
        harness.Time.Advance(TimeSpan.FromSeconds(1));
        harness.Server.IsListening.ShouldBeTrue();

        EndWithThePortTaken(TimeSpan.Zero);
        harness.Time.Advance(TimeSpan.FromMilliseconds(10));
        harness.Server.IsListening.ShouldBeTrue();

        void EndWithThePortTaken(TimeSpan time)
        {
            using var other = BindBeside(harness.Server, harness.Server.EndPoint!);
            harness.Server.Faults.TryBegin(new FaultSpec(FaultKind.Refuse, Long), out var fault, out _).ShouldBeTrue();
            other.Listen();
            harness.Server.Faults.TryEnd(fault!.Id, FaultEnd.Deleted, out _).ShouldBeTrue();
            harness.Server.LacksListener.ShouldBeTrue();
            harness.Time.Advance(time);
            ListeningSocket.Close(other);
        }
    }

    /// <summary>What keeps the service from holding its port when it listens no more: it shared the port before, and does not do so any longer.</summary>
    private static Socket BindBeside(EchoServer server, IPEndPoint endPoint)
    {
        server.StopListening();
        var other = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        other.Bind(endPoint);
        server.Listen();
        AddressSharing.Set(other, false);
        return other;
    }
}
