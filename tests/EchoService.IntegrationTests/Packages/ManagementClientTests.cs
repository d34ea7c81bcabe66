using System.Net;
using System.Net.Sockets;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Testcontainers;

namespace EchoService.IntegrationTests.Packages;

/// <summary>The module's client against a service in this process: what it asks for happens, and what is refused it says.</summary>
public sealed class ManagementClientTests : ServiceTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TellsTheFiguresAndWaitsUntilTheyAreAsWanted()
    {
        var (host, client) = await StartAsync();
        using var _ = client;
        var none = await client.GetStatsAsync(Ended);
        none.Phase.ShouldBe(ServicePhase.Serving);
        none.Connections.Active.ShouldBe(0);
        none.Instance.Version.ShouldBe(Repository.Version);
        none.Instance.Uptime.ShouldBeGreaterThan(TimeSpan.Zero);
        none.Listeners.ShouldHaveSingleItem().State.ShouldBe(ListenerState.Listening);

        using var one = await host.ConnectAsync();
        await one.EchoAsync(1000);
        var stats = await client.WaitForStatsAsync(stats => stats is { Connections.Active: 1, Bytes.Sent: 1000 }, Eventually.Deadline, Ended);
        stats.Bytes.Received.ShouldBe(1000);
        await one.FinishAsync();
        stats = await client.WaitForStatsAsync(stats => stats.Connections.Active == 0, Eventually.Deadline, Ended);
        stats.Connections.Closed[CloseReason.ClientFin].ShouldBe(1);
        stats.Connections.Rejected[RejectReason.Limit].ShouldBe(0);

        (await client.GetMetricsAsync(Ended)).ShouldContain("echo_connections_accepted_total 1\n");
    }

    [Fact]
    public async Task AWaitEndsAtItsDeadlineAndSaysWhatItSaw()
    {
        var (_, client) = await StartAsync();
        using var closed = client;
        (await Should.ThrowAsync<TimeoutException>(() => client.WaitForStatsAsync(stats => stats.Connections.Active == 1, TimeSpan.Zero, Ended))).Message.ShouldContain("Active = 0");
        (await Should.ThrowAsync<TimeoutException>(() => client.WaitForPhaseAsync(ServicePhase.LameDuck, TimeSpan.FromMilliseconds(60), Ended))).Message
            .ShouldMatch("phase LameDuck within 00:00:00.06.*Phase = Serving");
        using var cancelled = new CancellationTokenSource();
        var waiting = client.WaitForPhaseAsync(ServicePhase.LameDuck, Minute, cancelled.Token);
        await cancelled.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task ListsClientsPageAfterPageByFilterAndInOrder()
    {
        var (host, client) = await StartAsync();
        using var _ = client;
        var clients = await host.ConnectAllAsync(5);
        await clients[3].EchoAsync(300);
        await clients[1].EchoAsync(100);
        await client.WaitForStatsAsync(stats => stats.Bytes.Sent == 400, Eventually.Deadline, Ended);

        var all = await client.GetClientsAsync(new ClientFilter { PageSize = 2 }, Ended).ToListAsync(Ended);
        all.Select(one => one.Id).ShouldBeInOrder();
        all.Select(one => one.RemoteEndPoint).ShouldBe(clients.Select(one => one.LocalEndPoint.ToString()));
        var busiest = await client.GetClientsAsync(new ClientFilter { Sort = ClientSort.BytesReceived, Descending = true, PageSize = 2 }, Ended).Take(2).ToListAsync(Ended);
        busiest.Select(one => one.BytesReceived).ShouldBe([300, 100]);
        var page = await client.GetClientPageAsync(new ClientFilter { PageSize = 3 }, cancellationToken: Ended);
        (page.Total, page.Items.Count).ShouldBe((5, 3));
        (await client.GetClientPageAsync(new ClientFilter { PageSize = 3 }, page.Next, Ended)).Items.Count.ShouldBe(2);
        (await client.GetClientsAsync(new ClientFilter { Remote = "10.0.0.0/8" }, Ended).AnyAsync(Ended)).ShouldBeFalse();
        (await client.GetClientsAsync(new ClientFilter { MinAge = TimeSpan.FromHours(1) }, Ended).AnyAsync(Ended)).ShouldBeFalse();
        (await client.GetClientsAsync(new ClientFilter { MinIdle = TimeSpan.FromHours(1) }, Ended).AnyAsync(Ended)).ShouldBeFalse();
        (await client.GetClientsAsync(new ClientFilter { State = ConnectionState.Closed }, Ended).AnyAsync(Ended)).ShouldBeFalse();
        (await client.GetClientsAsync(new ClientFilter { Listener = ListenerKind.Banner }, Ended).AnyAsync(Ended)).ShouldBeFalse();

        Array.ForEach(clients, one => one.Dispose());
    }

    [Fact]
    public async Task ClosesOneOrManyAndTellsHowTheyEnded()
    {
        BytesAreCut = true;
        var (host, client) = await StartAsync();
        using var _ = client;
        var clients = await host.ConnectAllAsync(4);
        var ids = await client.GetClientsAsync(cancellationToken: Ended).Select(one => one.Id).ToListAsync(Ended);

        (await client.CloseClientAsync(ids[0], cancellationToken: Ended)).Id.ShouldBe(ids[0]);
        (await clients[0].ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        clients[0].Dispose();
        var ended = await Eventually.BecomesAsync(() => client.GetClientAsync(ids[0], Ended), one => one.State == ConnectionState.Closed);
        (ended.CloseReason, ended.ClosedHow).ShouldBe((CloseReason.Admin, ClosedHow.Fin));
        await client.CloseClientAsync(ids[1], CloseMode.Reset, Ended);
        (await clients[1].ReceiveToEndAsync()).ShouldBe(StreamEnd.Reset);

        (await client.CloseClientsAsync(new CloseClientsRequest { Percent = 100, DryRun = true }, Ended)).ShouldBe(new CloseClientsResult { Matched = 2, Closing = 2 });
        (await client.CloseClientsAsync(new CloseClientsRequest { Remote = "127.0.0.1", Mode = CloseMode.Reset }, Ended)).Closing.ShouldBe(2);
        (await clients[2].ReceiveToEndAsync()).ShouldBe(StreamEnd.Reset);
        (await clients[3].ReceiveToEndAsync()).ShouldBe(StreamEnd.Reset);
        Array.ForEach(clients, one => one.Dispose());
    }

    [Fact]
    public async Task DrainsWaitsForAPhaseAndTakesItBack()
    {
        var (host, client) = await StartAsync();
        using var _ = client;
        using var one = await host.ConnectAsync();
        await one.EchoAsync(1);
        (await client.GetDrainAsync(Ended)).Phase.ShouldBe(ServicePhase.Serving);
        var begun = await client.BeginDrainAsync(
            new DrainRequest { ReadinessDelay = TimeSpan.FromMilliseconds(200), Spread = Timeout.InfiniteTimeSpan, Timeout = Minute, OnDeadline = DeadlineAction.Fin }, Ended);
        (begun.Phase, begun.Trigger, begun.Initial).ShouldBe((ServicePhase.LameDuck, DrainTrigger.Api, 1));
        (await client.GetReadinessAsync(Ended)).ShouldSatisfyAllConditions(
            ready => ready.Status.ShouldBe(HealthStatus.Unavailable),
            ready => ready.Reason.ShouldNotBeNullOrEmpty());
        (await client.GetLivenessAsync(Ended)).Status.ShouldBe(HealthStatus.Ok);
        (await client.GetHealthAsync(Ended)).Status.ShouldBe(HealthStatus.Ok);
        var draining = await client.WaitForPhaseAsync(ServicePhase.Draining, Eventually.Deadline, Ended);
        // Not before the deadline: the one connection stays.
        (draining.Phase, draining.Remaining).ShouldBe((ServicePhase.Draining, 1));
        // A phase that has been passed was reached.
        (await client.WaitForPhaseAsync(ServicePhase.LameDuck, TimeSpan.Zero, Ended)).Phase.ShouldBe(ServicePhase.Draining);
        (await client.CancelDrainAsync(Ended)).Phase.ShouldBe(ServicePhase.Serving);
        await client.WaitForPhaseAsync(ServicePhase.Serving, Eventually.Deadline, Ended);
        await one.EchoAsync(1);

        await client.BeginDrainAsync(cancellationToken: Ended);
        (await one.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        one.Dispose();
        var drained = await client.WaitForPhaseAsync(ServicePhase.Drained, Eventually.Deadline, Ended);
        (drained.Remaining, drained.ClosedGracefully, drained.ClosedForced, drained.BytesUnsent).ShouldBe((0, 1, 0, 0));
        await client.CancelDrainAsync(Ended);
    }

    public static TheoryData<string> Kinds => [.. Enum.GetNames<FaultKind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task BeginsListsAndEndsEveryKindOfFault(string kind)
    {
        var (_, client) = await StartAsync("Faults:Enabled=true", "Echo:Udp:Enabled=true");
        using var closed = client;
        var fault = Make(Enum.Parse<FaultKind>(kind));
        var begun = await client.InjectAsync(fault, Ended);
        begun.Kind.ShouldBe(fault.Kind);
        begun.Duration.ShouldBe(fault.Duration);
        (begun.EndsAt - begun.StartedAt).TotalSeconds.ShouldBe(fault.Duration.TotalSeconds, 0.01);
        if (fault is Fault.AboutClients about)
        {
            (begun.Remote, begun.Percent, begun.Seed).ShouldBe((about.Remote, about.Percent, about.Seed));
        }

        if (fault is Fault.AboutConnections)
        {
            begun.Connections.ShouldBe(FaultScope.New);
        }

        switch (fault)
        {
            case Fault.Delay delay:
                (begun.Delay, begun.Jitter).ShouldBe((delay.By, delay.Jitter));
                break;
            case Fault.UdpDelay delay:
                begun.Delay.ShouldBe(delay.By);
                break;
            case Fault.Reset reset:
                (begun.AfterBytes, begun.After).ShouldBe((reset.AfterBytes, reset.After));
                break;
            case Fault.Fin fin:
                (begun.AfterBytes, begun.After).ShouldBe((fin.AfterBytes, fin.After));
                break;
            case Fault.Slice slice:
                (begun.Bytes, begun.Every).ShouldBe((slice.Bytes, slice.Every));
                break;
            case Fault.Throttle throttle:
                begun.BytesPerSecond.ShouldBe(throttle.BytesPerSecond);
                break;
            case Fault.Corrupt corrupt:
                begun.EveryBytes.ShouldBe(corrupt.EveryBytes);
                break;
        }

        (await client.GetFaultAsync(begun.Id, Ended)).Kind.ShouldBe(fault.Kind);
        var list = await client.GetFaultsAsync(Ended);
        list.Enabled.ShouldBeTrue();
        list.Items.ShouldHaveSingleItem().Id.ShouldBe(begun.Id);
        (await client.EndFaultAsync(begun.Id, Ended)).Id.ShouldBe(begun.Id);
        (await Should.ThrowAsync<EchoProblemException>(() => client.GetFaultAsync(begun.Id, Ended))).Status.ShouldBe(HttpStatusCode.NotFound);

        var again = await client.InjectAsync(fault, Ended);
        (await client.EndFaultsAsync(Ended)).ShouldHaveSingleItem().Id.ShouldBe(again.Id);
        (await client.GetFaultsAsync(Ended)).Items.ShouldBeEmpty();
    }

    [Fact]
    public async Task AFaultDoesWhatItSaysAndListsWhomItHolds()
    {
        BytesAreCut = true;
        var (host, client) = await StartAsync("Faults:Enabled=true");
        using var _ = client;
        using var one = await host.ConnectAsync();
        await one.EchoAsync(10);
        var reset = await client.InjectAsync(new Fault.Reset { AfterBytes = 1000, Duration = Minute }, Ended);
        reset.ConnectionsHeld.ShouldBe(1);
        (await client.GetClientsAsync(new ClientFilter { Fault = reset.Id }, Ended).SingleAsync(Ended)).Fault.ShouldBe(reset.Id);
        await one.SendAsync(2000);
        (await one.ReceiveToEndAsync()).ShouldBe(StreamEnd.Reset);
        one.Received.ShouldBe(1010);
        (await client.EndFaultsAsync(Ended)).ShouldHaveSingleItem().ConnectionsAffected.ShouldBe(1);
    }

    [Fact]
    public async Task TellsEventsAsTheyHappen()
    {
        var (_, client) = await StartAsync("Faults:Enabled=true");
        using var closed = client;
        await using var events = client.GetEventsAsync(Ended).GetAsyncEnumerator(Ended);
        (await NextAsync<EchoEvent.StatsRead>()).Stats.Phase.ShouldBe(ServicePhase.Serving);
        var fault = await client.InjectAsync(new Fault.Unready { Duration = Minute }, Ended);
        (await NextAsync<EchoEvent.FaultChanged>()).ShouldSatisfyAllConditions(told => told.Ended.ShouldBeNull(), told => told.Fault.Id.ShouldBe(fault.Id));
        await client.BeginDrainAsync(new DrainRequest { ReadinessDelay = Minute }, Ended);
        (await NextAsync<EchoEvent.FaultChanged>()).ShouldSatisfyAllConditions(told => told.Ended.ShouldBe(FaultEnd.Drained), told => told.Fault.Id.ShouldBe(fault.Id));
        (await NextAsync<EchoEvent.PhaseChanged>()).ShouldBe(new EchoEvent.PhaseChanged(ServicePhase.LameDuck, ServicePhase.Serving));
        await client.CancelDrainAsync(Ended);
        (await NextAsync<EchoEvent.PhaseChanged>()).ShouldBe(new EchoEvent.PhaseChanged(ServicePhase.Serving, ServicePhase.LameDuck));

        // Figures come in between, once a second.
        async Task<T> NextAsync<T>()
            where T : EchoEvent
        {
            do
            {
                (await events.MoveNextAsync()).ShouldBeTrue();
            }
            while (events.Current is EchoEvent.StatsRead && typeof(T) != typeof(EchoEvent.StatsRead));
            return events.Current.ShouldBeOfType<T>();
        }
    }

    [Fact]
    public async Task EventsEndWithTheServiceAndWithWhoReadsThem()
    {
        var host = await EchoHost.StartAsync();
        using var client = new EchoManagementClient(host.ManagementUri);
        using var left = CancellationTokenSource.CreateLinkedTokenSource(Ended);
        await using (var reader = client.GetEventsAsync(left.Token).GetAsyncEnumerator(Ended))
        {
            (await reader.MoveNextAsync()).ShouldBeTrue();
            (await client.GetStatsAsync(Ended)).Management.EventStreams.ShouldBe(1);
            await left.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(async () => await reader.MoveNextAsync());
        }

        await client.WaitForStatsAsync(stats => stats.Management.EventStreams == 0, Eventually.Deadline, Ended);
        await using var events = client.GetEventsAsync(Ended).GetAsyncEnumerator(Ended);
        (await events.MoveNextAsync()).ShouldBeTrue();
        await EchoClient.LeaveSocketThreadAsync();
        await host.DisposeAsync();
        while (await events.MoveNextAsync())
        {
            events.Current.ShouldBeAssignableTo<EchoEvent>();
        }

        // Nobody listens there any more.
        (await Should.ThrowAsync<HttpRequestException>(() => client.GetStatsAsync(Ended))).InnerException.ShouldBeOfType<SocketException>();
    }

    [Fact]
    public async Task WhatIsRefusedIsAProblemWithItsStatusAndReason()
    {
        var (_, client) = await StartAsync();
        using var closed = client;
        var off = await Should.ThrowAsync<EchoProblemException>(() => client.InjectAsync(new Fault.Stall { Duration = Minute }, Ended));
        off.Status.ShouldBe(HttpStatusCode.Forbidden);
        off.Detail.ShouldNotBeNull().ShouldStartWith("Faults are off.");
        off.Message.ShouldBe($"403 {off.Title}: {off.Detail}");
        off.Errors.ShouldBeEmpty();

        var bad = await Should.ThrowAsync<EchoProblemException>(() => client.CloseClientsAsync(new CloseClientsRequest { Percent = 101, Remote = "nowhere" }, Ended));
        bad.Status.ShouldBe(HttpStatusCode.BadRequest);
        bad.Errors.Keys.ShouldBe(["percent", "remote"], ignoreOrder: true);
        bad.Message.ShouldContain($"; remote: {bad.Errors["remote"].ShouldHaveSingleItem()}");
        (await Should.ThrowAsync<EchoProblemException>(() => client.GetClientPageAsync(new ClientFilter { PageSize = 1001 }, cancellationToken: Ended))).Errors.Keys.ShouldBe(["limit"]);
        (await Should.ThrowAsync<EchoProblemException>(() => client.GetClientAsync(1, Ended))).Status.ShouldBe(HttpStatusCode.NotFound);
        (await Should.ThrowAsync<EchoProblemException>(() => client.CloseClientAsync(1, cancellationToken: Ended))).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task SendsItsKeyAndWithoutItMayOnlyRead()
    {
        const string Key = "a-key-for-this-run-only";
        var (host, client) = await StartAsync($"Management:ApiKey={Key}");
        using var closed = client;
        (await client.GetStatsAsync(Ended)).Phase.ShouldBe(ServicePhase.Serving);
        (await Should.ThrowAsync<EchoProblemException>(() => client.BeginDrainAsync(cancellationToken: Ended))).Status.ShouldBe(HttpStatusCode.Unauthorized);
        using var keyed = new EchoManagementClient(host.ManagementUri, Key);
        (await keyed.CancelDrainAsync(Ended)).Phase.ShouldBe(ServicePhase.Serving);
    }

    [Fact]
    public async Task AnErrorOfSomebodyInBetweenIsToldByItsStatus()
    {
        using var proxy = new Refusal();
        using var client = new EchoManagementClient(proxy, new Uri("http://proxy.example/echo"), apiKey: null);
        var problem = await Should.ThrowAsync<EchoProblemException>(() => client.GetStatsAsync(Ended));
        (problem.Status, problem.Title, problem.Detail).ShouldBe((HttpStatusCode.BadGateway, "Bad Gateway", null));
        // A prefix that a proxy strips is kept.
        proxy.Asked.ShouldBe("/echo/stats");
        (await Should.ThrowAsync<EchoProblemException>(() => client.GetReadinessAsync(Ended))).Status.ShouldBe(HttpStatusCode.BadGateway);
    }

    private new async Task<(EchoHost Host, EchoManagementClient Client)> StartAsync(params string[] settings)
    {
        var host = await base.StartAsync(settings);
        return (host, new EchoManagementClient(host.ManagementUri));
    }

    private static Fault Make(FaultKind kind) => kind switch
    {
        FaultKind.Delay => new Fault.Delay { Duration = Minute, By = TimeSpan.FromMilliseconds(250), Jitter = TimeSpan.FromMilliseconds(0.5), Connections = FaultScope.New, Remote = "10.0.0.0/8", Percent = 12.5, Seed = 7 },
        FaultKind.Throttle => new Fault.Throttle { Duration = Minute, BytesPerSecond = 1000, Connections = FaultScope.New, Remote = "10.0.0.0/8", Percent = 12.5, Seed = 7 },
        FaultKind.Stall => new Fault.Stall { Duration = Minute, Connections = FaultScope.New, Remote = "10.0.0.0/8", Percent = 12.5, Seed = 7 },
        FaultKind.Slice => new Fault.Slice { Duration = Minute, Bytes = 7, Every = TimeSpan.FromMilliseconds(5), Connections = FaultScope.New, Remote = "10.0.0.0/8", Percent = 12.5, Seed = 7 },
        FaultKind.Reset => new Fault.Reset { Duration = Minute, AfterBytes = 7, After = TimeSpan.FromSeconds(1.5), Connections = FaultScope.New, Remote = "10.0.0.0/8", Percent = 12.5, Seed = 7 },
        FaultKind.Fin => new Fault.Fin { Duration = Minute, AfterBytes = 7, After = TimeSpan.FromSeconds(1.5), Connections = FaultScope.New, Remote = "10.0.0.0/8", Percent = 12.5, Seed = 7 },
        FaultKind.Corrupt => new Fault.Corrupt { Duration = Minute, EveryBytes = 7, Connections = FaultScope.New, Remote = "10.0.0.0/8", Percent = 12.5, Seed = 7 },
        FaultKind.Drop => new Fault.Drop { Duration = Minute, EveryBytes = 7, Connections = FaultScope.New, Remote = "10.0.0.0/8", Percent = 12.5, Seed = 7 },
        FaultKind.Duplicate => new Fault.Duplicate { Duration = Minute, EveryBytes = 7, Connections = FaultScope.New, Remote = "10.0.0.0/8", Percent = 12.5, Seed = 7 },
        FaultKind.KeepOpen => new Fault.KeepOpen { Duration = Minute, Connections = FaultScope.New, Remote = "10.0.0.0/8", Percent = 12.5, Seed = 7 },
        FaultKind.Refuse => new Fault.Refuse { Duration = Minute },
        FaultKind.NoAccept => new Fault.NoAccept { Duration = Minute },
        FaultKind.ResetNew => new Fault.ResetNew { Duration = Minute, Remote = "10.0.0.0/8", Percent = 12.5, Seed = 7 },
        FaultKind.Unready => new Fault.Unready { Duration = Minute },
        FaultKind.FalseReady => new Fault.FalseReady { Duration = Minute },
        FaultKind.UdpDrop => new Fault.UdpDrop { Duration = Minute, Remote = "10.0.0.0/8", Percent = 12.5, Seed = 7 },
        FaultKind.UdpDelay => new Fault.UdpDelay { Duration = Minute, By = TimeSpan.FromMilliseconds(250), Remote = "10.0.0.0/8", Percent = 12.5, Seed = 7 },
        FaultKind.UdpDuplicate => new Fault.UdpDuplicate { Duration = Minute, Remote = "10.0.0.0/8", Percent = 12.5, Seed = 7 },
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    private sealed class Refusal : HttpMessageHandler
    {
        public string? Asked { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Asked = request.RequestUri!.AbsolutePath;
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.BadGateway) { Content = new StringContent("<html>no</html>") });
        }
    }
}
