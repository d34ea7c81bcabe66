using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Probe;

/// <summary>Exit codes, streams and signals of the real program.</summary>
public sealed class ProbeProcessTests
{
    private const int Size = ProbeRuns.Size;

    [Theory]
    [InlineData("load")]
    [InlineData("watch")]
    public async Task ExitsWith0AndEndsWithTheVerdictWhenNothingWasDisrupted(string command)
    {
        await using var server = LoopbackServer.Start(c => c.EchoAsync());

        var (exitCode, output, error) = await ProbeProcess.RunAsync(command, ProbeRuns.Target(server.Port), "--duration", "1500ms", "--timeout", "20s", "--connections", "4");

        exitCode.ShouldBe(0, output);
        error.ShouldBeEmpty();
        var lines = output.TrimEnd().Split('\n');
        lines[^1].ShouldStartWith("No disruption: ");
        lines.ShouldContain(line => line.Contains("s # answered ", StringComparison.Ordinal), output);
        output.ShouldNotContain('\e', "colours are for terminals");
        lines[..^1].ShouldAllBe(line => line.Length <= 80);
    }

    [Fact]
    public async Task ExitsWith1WhenConnectionsWereReset()
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.EchoAsync(3, Size);
            c.Reset();
        });

        var (exitCode, output, _) = await ProbeProcess.RunAsync("watch", ProbeRuns.Target(server.Port), "--duration", "1s", "--timeout", "20s");

        exitCode.ShouldBe(1, output);
        output.ShouldContain("Disruption: ");
        output.ShouldContain(": RST (3 answered, ");
    }

    [Theory]
    [InlineData]
    [InlineData("watch")]
    [InlineData("listen", "127.0.0.1:7007")]
    [InlineData("watch", "127.0.0.1")]
    [InlineData("watch", "127.0.0.1:7007", "--rate", "0")]
    [InlineData("watch", "127.0.0.1:7007", "--rate", "NaN")]
    [InlineData("watch", "127.0.0.1:7007", "--duration", "10")]
    [InlineData("watch", "127.0.0.1:7007", "--duration")]
    [InlineData("watch", "127.0.0.1:7007", "--pipeline", "2")]
    [InlineData("load", "127.0.0.1:7007", "--size", "0")]
    [InlineData("load", "127.0.0.1:7007", "--connections", "many")]
    [InlineData("load", "127.0.0.1:7007", "another:7007")]
    [InlineData("watch", "127.0.0.1:7007", "127.0.0.1:7007")]
    [InlineData("watch", "127.0.0.1:7007", "--max-lost", "-1")]
    [InlineData("watch", "127.0.0.1:7007", "--max-lost", "101%")]
    [InlineData("watch", "127.0.0.1:7007", "--max-gap", "2")]
    [InlineData("watch", "127.0.0.1:7007", "--expect-held", "happy")]
    [InlineData("watch", "127.0.0.1:7007", "--expect-new", "refused")]
    [InlineData("watch", "127.0.0.1:7007", "--connections", "0")]
    [InlineData("watch", "127.0.0.1:7007", "--proxy-protocol", "3")]
    [InlineData("watch", "127.0.0.1:7007", "--source", "here")]
    [InlineData("watch", "127.0.0.1:7007", "--source-ports", "5-4")]
    [InlineData("watch", "127.0.0.1:7007", "--junit", "/nowhere/at/all.xml")]
    [InlineData("watch", "127.0.0.1:7007", "--events", "/nowhere/at/all.ndjson")]
    public async Task ExitsWith2AndSaysWhyWhenTheArgumentsAreBad(params string[] arguments)
    {
        var (exitCode, _, error) = await ProbeProcess.RunAsync(arguments);

        exitCode.ShouldBe(2, error);
        error.ShouldNotBeNullOrWhiteSpace();
        error.ShouldNotContain("   at ", Case.Sensitive, "no stack trace");
    }

    [Theory]
    [InlineData("load")]
    [InlineData("watch")]
    public async Task ExitsWith3WhenNobodyListens(string command)
    {
        using var holder = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        holder.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)holder.LocalEndPoint!).Port;

        var (exitCode, output, _) = await ProbeProcess.RunAsync(command, ProbeRuns.Target(port), "--timeout", "300ms");

        exitCode.ShouldBe(3, output);
        output.ShouldContain($"No connection to 127.0.0.1:{port}: ");
    }

    [Theory]
    [InlineData(PosixSignal.SIGINT)]
    [InlineData(PosixSignal.SIGTERM)]
    [Needs(Need.Signals)]
    public async Task SignalEndsTheRunWithTheVerdictSoFar(PosixSignal signal)
    {
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.EchoAsync(5, Size);
            answered.TrySetResult();
            await c.EchoAsync();
        });
        await using var probe = ProbeProcess.Start("watch", ProbeRuns.Target(server.Port), "--duration", "10m", "--timeout", "20s", "--late", "20s", "--json");

        await answered.Task.WaitAsync(ProbeRuns.Unhurried, TestContext.Current.CancellationToken);
        probe.Signal(signal);
        var (exitCode, output, _) = await probe.ExitAsync();

        exitCode.ShouldBe(0, output);
        using var report = JsonDocument.Parse(output);
        report.RootElement.GetProperty("interrupted").GetBoolean().ShouldBeTrue();
        report.RootElement.GetProperty("targets")[0].GetProperty("held").GetProperty("messages").GetProperty("answered").GetInt64().ShouldBeGreaterThanOrEqualTo(5);
        report.RootElement.GetProperty("verdict").GetProperty("status").GetString().ShouldBe("noDisruption");
    }

    /// <summary>A probe that stood still has late answers, and the server none.</summary>
    [Fact]
    [Needs(Need.Signals)]
    public async Task ExitsWith4WhenItsOwnLagAloneMadeAnswersLate()
    {
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.EchoAsync(5, Size);
            answered.TrySetResult();
            await c.EchoAsync();
        });
        await using var probe = ProbeProcess.Start("watch", ProbeRuns.Target(server.Port), "--duration", "8s", "--timeout", "20s", "--late", "1500ms", "--json");

        await answered.Task.WaitAsync(ProbeRuns.Unhurried, TestContext.Current.CancellationToken);
        probe.Suspend();
        // What is tried is the length of a standstill.
        await Task.Delay(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);
        probe.Resume();
        var (exitCode, output, _) = await probe.ExitAsync();

        exitCode.ShouldBe(4, output);
        using var report = JsonDocument.Parse(output);
        report.RootElement.GetProperty("verdict").GetProperty("status").GetString().ShouldBe("inconclusive");
        report.RootElement.GetProperty("verdict").GetProperty("causes").EnumerateArray().Single().GetString().ShouldBe("localLimit");
        var messages = report.RootElement.GetProperty("targets")[0].GetProperty("held").GetProperty("messages");
        messages.GetProperty("lateLocally").GetInt64().ShouldBeGreaterThan(50);
        messages.GetProperty("lateLocally").GetInt64().ShouldBe(messages.GetProperty("late").GetInt64());
    }

    [Fact]
    public async Task HelpNamesTheExitCodes()
    {
        var (exitCode, output, _) = await ProbeProcess.RunAsync("--help");

        exitCode.ShouldBe(0);
        output.ShouldContain("0 no disruption, 1 disruption, 2 bad arguments, 3 no connection at all, 4 ");
    }
}
