using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Probe;

/// <summary><c>--metrics-port</c>: a run that goes on for days, scraped.</summary>
public sealed class MetricsPortTests
{
    [Fact]
    [Needs(Need.Signals)]
    public async Task FiguresOfTheRunAreServedWhileItGoesOn()
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.SendAsync("{\"instance\":\"a\",\"connection\":1}\n"u8.ToArray());
            await c.EchoAsync(20, ProbeRuns.Size);
            c.Reset();
        });
        var port = FreePort.Take();
        var target = ProbeRuns.Target(server.Port);
        await using var probe = ProbeProcess.Start("watch", target, "--banner", "--new-rate", "20", "--duration", "0", "--metrics-port", port.ToString(CultureInfo.InvariantCulture), "--json");
        var text = await Eventually.BecomesAsync(
            () => ScrapeAsync(probe, port),
            text => Value(text, $$"""echo_probe_connections_ended_total{target="{{target}}",population="held",how="reset"}""") > 0
                && Value(text, $$"""echo_probe_messages_total{target="{{target}}",population="new",outcome="answered"}""") > 0);

        Value(text, $$"""echo_probe_messages_due_total{target="{{target}}",population="held"}""").ShouldBeGreaterThan(0);
        Value(text, $$"""echo_probe_instance_messages_total{target="{{target}}",population="held",instance="a",outcome="answered"}""").ShouldBeGreaterThan(0);
        Value(text, $$"""echo_probe_latency_quantile_seconds{target="{{target}}",population="held",quantile="0.99"}""").ShouldBeGreaterThan(0);
        // All series are there from the start, those that nothing has happened for at 0.
        Value(text, $$"""echo_probe_connects_failed_total{target="{{target}}",population="held",how="unreachable"}""").ShouldBe(0);
        text.Split('\n').Where(line => line.StartsWith("# TYPE", StringComparison.Ordinal)).ShouldAllBe(line => line.StartsWith("# TYPE echo_probe_", StringComparison.Ordinal));
        probe.Signal(PosixSignal.SIGTERM);
        (await probe.ExitAsync()).Error.ShouldBeEmpty();
    }

    [Fact]
    [Needs(Need.Signals)]
    public async Task FlowsHaveTheirOwnSeries()
    {
        await using var server = DatagramServer.Start((server, from, datagram) =>
        {
            server.Answer(from, datagram);
            server.Answer(from, datagram);
        });
        var port = FreePort.Take();
        var target = $"udp://{ProbeRuns.Target(server.Port)}";
        await using var probe = ProbeProcess.Start("watch", target, "--duration", "0", "--metrics-port", port.ToString(CultureInfo.InvariantCulture), "--json");

        var text = await Eventually.BecomesAsync(
            () => ScrapeAsync(probe, port),
            text => Value(text, $$"""echo_probe_datagrams_duplicated_total{target="{{target}}",population="held"}""") > 0);

        Value(text, $$"""echo_probe_flows_stuck_total{target="{{target}}",population="held"}""").ShouldBe(0);
        Value(text, $$"""echo_probe_connects_failed_total{target="{{target}}",population="held",how="refused"}""").ShouldBe(0);
        text.ShouldNotContain("echo_probe_connections_ended_total{");
        probe.Signal(PosixSignal.SIGTERM);
        (await probe.ExitAsync()).Error.ShouldBeEmpty();
    }

    [Fact]
    [Needs(Need.Signals)]
    public async Task StrangersCostTheRunNothing()
    {
        const int Strangers = 200;
        await using var server = LoopbackServer.Start(c => c.EchoAsync());
        var port = FreePort.Take();
        await using var probe = ProbeProcess.Start("watch", ProbeRuns.Target(server.Port), "--duration", "0", "--metrics-port", port.ToString(CultureInfo.InvariantCulture), "--late", "20s", "--timeout", "20s", "--json");
        await Eventually.TrueAsync(async () => (await ScrapeAsync(probe, port)).Length > 0);

        var strangers = Enumerable.Range(0, Strangers).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToArray();
        foreach (var stranger in strangers)
        {
            stranger.Connect(IPAddress.Loopback, port);
            stranger.Blocking = false;
            _ = stranger.Send("GET /metr"u8, SocketFlags.None, out _);
        }

        await Eventually.TrueAsync(() => strangers.Count(HasEnded) >= Strangers - 32);
        strangers.Count(HasEnded).ShouldBeLessThan(Strangers);
        Array.ForEach(strangers[..^1], stranger => stranger.Dispose());
        await Eventually.TrueAsync(async () => (await ScrapeAsync(probe, port)).Length > 0);

        // The end waits for nobody who is half way through a request.
        using var halfway = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        halfway.Connect(IPAddress.Loopback, port);
        halfway.Send("GET /metr"u8);
        probe.Signal(PosixSignal.SIGTERM);
        var result = await probe.ExitAsync();
        result.Error.ShouldBeEmpty();
        result.ExitCode.ShouldBe(0, result.Output);
        strangers[^1].Dispose();
    }

    [Fact]
    public async Task APortThatIsTakenIsABadArgument()
    {
        using var taken = new TcpListener(IPAddress.Any, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var (exitCode, _, error) = await ProbeProcess.RunAsync("watch", "127.0.0.1:7007", "--metrics-port", port.ToString(CultureInfo.InvariantCulture));
        exitCode.ShouldBe(2);
        error.ShouldStartWith($"--metrics-port {port}: cannot be listened on: ");
    }

    private static bool HasEnded(Socket stranger)
    {
        _ = stranger.Receive(new byte[1], SocketFlags.None, out var error);
        return error != SocketError.WouldBlock;
    }

    private static double Value(string text, string series) =>
        text.Split('\n').Where(line => line.StartsWith($"{series} ", StringComparison.Ordinal))
            .Select(line => double.Parse(line[(series.Length + 1)..], CultureInfo.InvariantCulture)).DefaultIfEmpty(-1).First();

    private static async Task<string> ScrapeAsync(ChildProcess probe, int port)
    {
        using var http = new HttpClient();
        try
        {
            return await http.GetStringAsync($"http://localhost:{port}/metrics", TestContext.Current.CancellationToken);
        }
        catch (HttpRequestException)
        {
            // Not up yet, unless it has gone.
            probe.HasExited.ShouldBeFalse(probe.HasExited ? (await probe.ExitAsync()).Error : null);
            return "";
        }
    }
}
