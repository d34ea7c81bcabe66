using System.Net;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Testcontainers;

namespace EchoService.IntegrationTests.Containers;

/// <summary>One service in a container: what it does over the engine's network, and what it may do to the machine.</summary>
[Collection(ContainerSuite.Name)]
[Needs(Need.Engine)]
public sealed class ContainerServiceTests(RunningContainer running) : IClassFixture<RunningContainer>
{
    private EchoContainer Service => running.Service;

    [Fact]
    public async Task EchoesThroughThePublishedPortByteForByteAndCountsIt()
    {
        await using var target = Service.Target();
        var before = await target.WaitForAsync(stats => stats.Active == 0);
        using var client = await EchoClient.ConnectAsync(Service.Published);
        await client.EchoAsync(1_000_000);
        await client.FinishAsync();
        var after = await target.WaitForAsync(stats => stats.Active == 0 && stats.Accepted > before.Accepted);
        (after.Accepted - before.Accepted).ShouldBe(1);
        (after.BytesReceived - before.BytesReceived).ShouldBe(1_000_000);
        (after.BytesSent - before.BytesSent).ShouldBe(1_000_000);
        (await Service.Management.GetStatsAsync(TestContext.Current.CancellationToken)).Listeners
            .ShouldBe([new ListenerStats { Protocol = "tcp", EndPoint = "[::]:7007", State = ListenerState.Listening, Listener = ListenerKind.Echo }]);
    }

    [Fact]
    public async Task WhatWasSentBeforeTheFinComesBackBeforeTheServersOwn()
    {
        using var client = await EchoClient.ConnectAsync(Service.Direct);
        // Read all along, or what the kernels have no room for would never be sent.
        var receiving = client.ReceiveToEndAsync();
        await client.SendAsync(300_000);
        client.ShutdownSend();
        (await receiving).ShouldBe(StreamEnd.Fin);
        client.Received.ShouldBe(300_000);
    }

    [Fact]
    public async Task RunsWithoutRootCapabilitiesOrAWritableFileSystem()
    {
        var processes = (await Docker.RunAsync("top", Service.Id, "-eo", "pid,uid,comm")).Split('\n').Skip(1);
        processes.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..]).ShouldHaveSingleItem().ShouldBe(["1654", "EchoService"]);
        (await Docker.InspectAsync(Service.Id, "{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}")).ShouldBe("true [ALL]");
        (await Docker.RunAsync("diff", Service.Id)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("/bin/sh")]
    [InlineData("sh")]
    [InlineData("bash")]
    public async Task HasNoShellToGetInto(string shell)
    {
        var result = await Service.ExecAsync(shell, "-c", "true");
        (result.Stdout + result.Stderr).ShouldMatch("no such file|not found");
        result.ExitCode.GetValueOrDefault().ShouldBeGreaterThanOrEqualTo(126);
    }

    [Fact]
    public async Task ItsOwnHealthCheckSaysHealthyAndUnhealthyWhereNobodyAnswers()
    {
        var healthy = await Service.ExecAsync("/app/EchoService", "--healthcheck");
        (healthy.Stdout + healthy.Stderr).Trim().ShouldBe("healthy: http://localhost:8080/livez answered 200");
        healthy.ExitCode.ShouldBe(0);

        var unhealthy = await Service.ExecAsync("/app/EchoService", "--healthcheck", "--urls", "http://localhost:1");
        (unhealthy.Stdout + unhealthy.Stderr).Trim().ShouldMatch("^unhealthy: http://localhost:1/livez: .*[Rr]efused.*$");
        unhealthy.ExitCode.ShouldBe(1);
    }

    [Fact]
    public async Task AStrangerMayReadButNotChangeSinceTheEnginesNetworkIsNotLoopback()
    {
        var refusal = await Should.ThrowAsync<EchoProblemException>(() => Service.Management.BeginDrainAsync(cancellationToken: TestContext.Current.CancellationToken));
        refusal.Status.ShouldBe(HttpStatusCode.Forbidden);
        (await Service.Management.GetReadinessAsync(TestContext.Current.CancellationToken)).Phase.ShouldBe(ServicePhase.Serving);
    }
}
