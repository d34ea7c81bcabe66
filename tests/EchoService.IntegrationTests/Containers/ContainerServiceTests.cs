using System.Net;
using EchoService.IntegrationTests.Infrastructure;

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
        (await Service.GetAsync("/stats")).ShouldContain("""{"protocol":"tcp","endpoint":"[::]:7007","state":"listening","listener":"echo"}""");
    }

    [Fact]
    public async Task WhatWasSentBeforeTheFinComesBackBeforeTheServersOwn()
    {
        using var client = await EchoClient.ConnectAsync(await Service.DirectAsync());
        var sending = client.SendAsync(300_000);
        await client.ReceiveAsync(200_000);
        await sending;
        await client.FinishAsync();
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
        var (output, exitCode) = await Service.ExecAsync(shell, "-c", "true");
        output.ShouldMatch("no such file|not found");
        exitCode.ShouldBeGreaterThanOrEqualTo(126);
    }

    [Fact]
    public async Task ItsOwnHealthCheckSaysHealthyAndUnhealthyWhereNobodyAnswers()
    {
        var healthy = await Service.ExecAsync("/app/EchoService", "--healthcheck");
        healthy.Output.Trim().ShouldBe("healthy: http://localhost:8080/livez answered 200");
        healthy.ExitCode.ShouldBe(0);

        var unhealthy = await Service.ExecAsync("/app/EchoService", "--healthcheck", "--urls", "http://localhost:1");
        unhealthy.Output.Trim().ShouldMatch("^unhealthy: http://localhost:1/livez: .*[Rr]efused.*$");
        unhealthy.ExitCode.ShouldBe(1);
    }

    [Fact]
    public async Task AStrangerMayReadButNotChangeSinceTheEnginesNetworkIsNotLoopback()
    {
        using var response = await Service.Http.PostAsync(new Uri(Service.Management, "/drain"), null, TestContext.Current.CancellationToken);
        response.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
    }
}
