using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Probe;
using EchoService.Probe.Events;

namespace EchoService.IntegrationTests.Probe;

/// <summary>Each end is explained by what the instance itself says of it. Real processes, since some of them have to die.</summary>
[Needs(Need.Signals)]
public sealed partial class ExplainTests
{
    private static readonly string[] AtOnce = ["Drain:ReadinessDelay=00:00:00", "Drain:Spread=00:00:00"];

    [Fact]
    public async Task WhatTheApiAskedForAndADrainThatWasForced()
    {
        await using var service = await EchoProcess.StartWithBannerAsync("Drain:ReadinessDelay=00:00:00", "Drain:Timeout=00:00:01", "Drain:Spread=-1");
        await using var probe = await WatchAsync(service, connections: 4);
        using var management = service.OpenManagement();
        await AllAreOpenAsync(service, 4);

        await PostAsync(management, "/clients/close", """{"percent": 50}""");
        (await probe.WaitForExplanationAsync("shed by an API call (50 %)", 2)).ShouldMatch(@"^connection \d to \S+:18080: FIN at a message boundary, shed by an API call \(50 %\)$");

        await AllAreOpenAsync(service, 4);
        await service.Target.KillNewestAsync("graceful");
        (await probe.WaitForExplanationAsync("closed by an API call")).ShouldContain(": FIN at a message boundary, ");

        await AllAreOpenAsync(service, 4);
        await service.Target.KillNewestAsync("reset");
        await probe.WaitForExplanationAsync(": RST, closed by an API call");

        await AllAreOpenAsync(service, 4);
        await PostAsync(management, "/drain", """{"spreadSeconds": 0}""");
        (await probe.WaitForExplanationAsync("because of its drain (API)", 4)).ShouldMatch(@"because of its drain \(API\), begun \d+\.\d s before$");
        using (var back = await management.DeleteAsync("/drain", TestContext.Current.CancellationToken))
        {
            back.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        await AllAreOpenAsync(service, 4);
        service.Signal(PosixSignal.SIGTERM);
        var forced = await probe.WaitForExplanationAsync("was forced after", 4);
        SecondsOf(Forced().Match(forced)).ShouldBeInRange(0.9, 20, forced);
        (await service.WaitForExitAsync()).ShouldBe(0);

        var report = await probe.StopAsync();
        var held = report.Targets[0].Held!;
        held.Explanations.Single(why => why.Cause == "shed by an API call (50 %)").Count.ShouldBe(2);
        held.Explanations.Single(why => why.Cause == "because of its drain (API)").Count.ShouldBe(4);
        held.Instances.Single().Resets.ShouldBe(held.Connections.Resets);
    }

    [Fact]
    public async Task ADrainBySignal()
    {
        await using var service = await EchoProcess.StartWithBannerAsync(AtOnce);
        await using var probe = await WatchAsync(service);
        await AllAreOpenAsync(service, 2);
        await service.WaitForEventReaderAsync();
        service.Signal(PosixSignal.SIGTERM);
        await probe.WaitForExplanationAsync(": FIN at a message boundary, because of its drain (signal), begun ", 2);
    }

    [Theory]
    [InlineData("""{"kind": "reset", "afterBytes": 1000, "durationSeconds": 600}""", ": RST, because of the fault reset", 2)]
    [InlineData("""{"kind": "fin", "afterBytes": 1000, "durationSeconds": 600}""", ": FIN inside a message, because of the fault fin", 2)]
    [InlineData("""{"kind": "corrupt", "everyBytes": 1000, "durationSeconds": 600}""", ": wrong bytes, because of the fault corrupt", 2)]
    public async Task AFaultIsNamedByItsKind(string fault, string sentence, int count)
    {
        await using var service = await EchoProcess.StartWithBannerAsync("Faults:Enabled=true");
        await using var probe = await WatchAsync(service);
        using var management = service.OpenManagement();
        await AllAreOpenAsync(service, 2);
        await PostAsync(management, "/faults", fault, HttpStatusCode.Created);
        await probe.WaitForExplanationAsync(sentence, count);
    }

    [Fact]
    public async Task AProcessThatWasKilled()
    {
        await using var service = await EchoProcess.StartWithBannerAsync();
        await using var probe = await WatchAsync(service);
        await AllAreOpenAsync(service, 2);
        await service.WaitForEventReaderAsync();
        await service.KillAsync();
        (await probe.WaitForExplanationAsync("does not answer any more", 2)).ShouldMatch(@"was serving when last seen \d\.\d s before: it died$");
        await probe.WaitForAsync(happened => happened.Kind == ProbeEventKind.InstanceGone);
    }

    [Fact]
    public async Task AnIdleTimeout()
    {
        await using var service = await EchoProcess.StartWithBannerAsync("Echo:IdleTimeout=00:00:00.300");
        await using var probe = await WatchAsync(service, connections: 1, rate: 0.5);
        var sentence = await probe.WaitForExplanationAsync("because of its idle timeout");
        SecondsOf(Idle().Match(sentence)).ShouldBeInRange(0.3, 20, sentence);
    }

    [Fact]
    [Needs(Need.Haproxy)]
    public async Task ABalancerThatCutsOffWhoIsSilent()
    {
        await using var service = await EchoProcess.StartWithBannerAsync();
        await using var haproxy = await Haproxy.StartAsync($"timeout client 300ms\ntimeout server 300ms\nserver a {await service.BannerEndPointAsync()}");
        await using var probe = new RunningProbe(Options(haproxy.EndPoint, connections: 1, rate: 0.5));
        (await probe.WaitForExplanationAsync("something on the way did it")).ShouldMatch(@"^connection 1 to \S+: (FIN at a message boundary|RST), and \S+ (got (FIN|RST)|knows of no close): something on the way did it$");
    }

    [Fact]
    public async Task AnInstanceThatDoesNotSayWhereItCanBeAsked()
    {
        await using var service = await EchoProcess.StartAsync(["Echo:BannerPort=0", .. AtOnce]);
        await using var probe = await WatchAsync(service);
        await AllAreOpenAsync(service, 2);
        service.Signal(PosixSignal.SIGTERM);
        (await probe.WaitForExplanationAsync("cannot be asked")).ShouldEndWith($"{Environment.MachineName} cannot be asked: its banner does not say where");
    }

    [Theory]
    [InlineData("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "its management API answers 403")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", "its management API answers something else")]
    [InlineData(null, "its management API refuses the connection")]
    public async Task AnInstanceThatWillNotBeAsked(string? answer, string said)
    {
        await using var management = LoopbackServer.Start(async c =>
        {
            await c.ReceiveAsync(4);
            await c.SendAsync(Encoding.ASCII.GetBytes(answer!));
        });
        if (answer is null)
        {
            await management.StopListeningAsync();
        }

        await using var server = LoopbackServer.Start(async c =>
        {
            await c.SendAsync(Encoding.ASCII.GetBytes($$"""{"service":"echoservice","version":"1","instance":"a","connection":7,"phase":"serving","management":"http://127.0.0.1:{{management.Port}}"}""" + "\n"));
            await c.EchoAsync(3, ProbeRuns.Size);
            c.Reset();
        });
        await using var probe = new RunningProbe(Options(new IPEndPoint(IPAddress.Loopback, server.Port), connections: 1));
        (await probe.WaitForExplanationAsync("cannot be asked")).ShouldEndWith($"a:{management.Port} cannot be asked: {said}");
    }

    private static async Task<RunningProbe> WatchAsync(EchoProcess service, int connections = 2, double rate = 100) =>
        new(Options(await service.BannerEndPointAsync(), connections, rate));

    private static ProbeOptions Options(IPEndPoint target, int connections, double rate = 100) => ProbeRuns.Watch(target.Port) with
    {
        Connections = connections,
        Rate = rate,
        Banner = true,
        Explain = true,
    };

    /// <summary>All clients have a connection, and the service has accepted it.</summary>
    private static Task<ServiceStats> AllAreOpenAsync(EchoProcess service, int connections) => service.Target.WaitForAsync(stats => stats.Active == connections && stats.BytesSent > 0);

    private static async Task PostAsync(HttpClient management, string path, string body, HttpStatusCode expected = HttpStatusCode.Accepted)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await management.PostAsync(path, content, TestContext.Current.CancellationToken);
        response.StatusCode.ShouldBe(expected);
    }

    private static double SecondsOf(Match match) => double.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);

    [GeneratedRegex(@"RST, because its drain \(signal\) was forced after (\d+\.\d) s")]
    private static partial Regex Forced();

    [GeneratedRegex(@"after (\d+\.\d) s without a byte$")]
    private static partial Regex Idle();
}
