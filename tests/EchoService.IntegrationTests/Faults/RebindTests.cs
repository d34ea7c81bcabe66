using System.Net;
using System.Net.Sockets;
using EchoService.IntegrationTests.Infrastructure;

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
        await BeginAsync(new { kind = "refuse", durationSeconds = 600 });
        var port = (isBanner ? Host.BannerEndPoint : Host.EndPoint).Port;
        // The port is kept by a socket that does not listen: only who shares addresses, as servers do, gets it all the same.
        using (var other = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true })
        {
            other.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
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
}
