using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using EchoService.Probe.Clients;
using EchoService.Probe.Dialing;
using EchoService.Probe.Display;
using EchoService.Probe.Events;
using EchoService.Probe.Instances;
using EchoService.Probe.Judging;
using EchoService.Probe.Messages;
using EchoService.Probe.Metrics;
using EchoService.Probe.Reporting;
using EchoService.Probe.Reporting.Formats;
using Spectre.Console;

namespace EchoService.Probe.CommandLine;

/// <summary>The commands, their options, and what is printed.</summary>
internal static class ProbeCommandLine
{
    private const string TargetForms = "The server: a name, an IPv4 address or an IPv6 address in brackets, and a port";

    /// <summary>Longer than what a run takes to end after a signal; past it the process just ends.</summary>
    private static readonly TimeSpan SignalGrace = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        var root = new RootCommand("Tests an echo server (RFC 862) and whatever stands before it. Exit code: 0 no disruption, 1 disruption, 2 bad arguments, 3 no connection at all, 4 the probe's own machine was the limit.")
        {
            Load(output),
            Watch(output, error),
        };
        var parsed = root.Parse(args);
        var code = await parsed.InvokeAsync(new InvocationConfiguration
        {
            Output = output,
            Error = error,
            // It would exit with 1, which here says that the server was disrupted.
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = SignalGrace,
        }).ConfigureAwait(false);
        return parsed.Action is ParseErrorAction ? Verdict.BadArguments : code;
    }

    private static Command Load(TextWriter output)
    {
        var target = new Argument<ProbeTarget>("HOST:PORT") { Description = $"{TargetForms}; over TCP", CustomParser = ParseTarget };
        var connections = OptionKinds.Number("--connections", "-c", "Connections held open", 64, 1, 100_000);
        var size = Size();
        var duration = OptionKinds.Duration("--duration", "-d", "How long to send", TimeSpan.FromSeconds(10));
        var pipeline = OptionKinds.Number("--pipeline", "-p", "Messages under way on a connection", 1, 1, 10_000);
        var timeout = Timeout();
        var strict = Strict();
        var json = Json();
        var command = new Command("load", "Measures throughput and latency percentiles: each connection sends its next message when one was answered.")
        {
            target, connections, size, duration, pipeline, timeout, strict, json,
        };
        command.SetAction((parsed, interrupt) => ExecuteAsync(
            new ProbeOptions
            {
                Mode = ProbeMode.Load,
                Targets = [parsed.GetRequiredValue(target)],
                Connections = parsed.GetValue(connections),
                Size = parsed.GetValue(size),
                Duration = parsed.GetValue(duration),
                Pipeline = parsed.GetValue(pipeline),
                Timeout = parsed.GetValue(timeout),
                Strict = parsed.GetValue(strict),
            },
            parsed.GetValue(json),
            output,
            sink: null,
            interrupt));
        return command;
    }

    private static Command Watch(TextWriter output, TextWriter error)
    {
        var targets = new Argument<ProbeTarget[]>("HOST:PORT")
        {
            Description = $"{TargetForms}, over UDP with udp:// before it; several share the run, and each has a verdict of its own",
            Arity = ArgumentArity.OneOrMore,
            CustomParser = ParseTargets,
        };
        var connections = OptionKinds.Number("--connections", "-c", "Connections, or UDP flows, held open to each target; 0 with --new-rate alone", 4, 0, 100_000);
        var rate = OptionKinds.Number<double>("--rate", "-r", "Messages per second over all connections to a target, whatever the server does", 100, 0.01, 1_000_000);
        var size = Size();
        var duration = OptionKinds.DurationOrEndless("--duration", "-d", "How long to send; 0: until a signal", TimeSpan.FromSeconds(60));
        var timeout = Timeout();
        var late = OptionKinds.Duration("--late", "-l", "An answer that takes longer than this, from when its message was due, is late", TimeSpan.FromSeconds(1));
        var strict = Strict();
        var json = Json();
        var command = new Command("watch", "Sends numbered messages at a fixed rate and says what a client suffered: gaps, losses, refusals, FIN, RST, wrong bytes; over UDP also datagrams out of order or twice, and stuck flows.")
        {
            targets, connections, rate, size, duration, timeout, late, strict, json,
        };
        var more = new WatchOptions();
        more.AddTo(command, targets, connections, size, strict);
        command.SetAction(async (parsed, interrupt) =>
        {
            var options = more.Apply(
                new ProbeOptions
                {
                    Mode = ProbeMode.Watch,
                    Targets = parsed.GetRequiredValue(targets),
                    Connections = parsed.GetValue(connections),
                    Rate = parsed.GetValue(rate),
                    Size = parsed.GetValue(size),
                    Duration = parsed.GetValue(duration) is var length && length == TimeSpan.Zero ? null : length,
                    Timeout = parsed.GetValue(timeout),
                    LateAfter = parsed.GetValue(late),
                    Strict = parsed.GetValue(strict),
                },
                parsed);
            try
            {
                // Opened before the run: a path that cannot be written to should not be found out after it.
                using var events = parsed.GetValue(more.Events) is { } file ? new EventStream(new StreamWriter(file.FullName, append: false)) : null;
                using var junit = parsed.GetValue(more.JUnit)?.Create();
                return await ExecuteAsync(
                    options,
                    parsed.GetValue(json),
                    output,
                    events is null ? null : events.Write,
                    interrupt,
                    junit is null ? null : report => JUnitReport.Write(report, junit)).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or NoBannerException)
            {
                await error.WriteLineAsync(e.Message).ConfigureAwait(false);
                return Verdict.BadArguments;
            }
        });
        return command;
    }

    private static async Task<int> ExecuteAsync(
        ProbeOptions options,
        bool json,
        TextWriter output,
        Action<PopulationName, ProbeEvent>? sink,
        CancellationToken interrupt,
        Action<ProbeReport>? alsoReport = null)
    {
        var isTerminal = ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
        var terminal = isTerminal && !json ? new TerminalDisplay(output, () => (Console.WindowWidth, Console.WindowHeight), HasColour(), options) : null;
        IRunDisplay display = json ? new NoDisplay() : terminal is not null ? terminal : new PlainDisplay(output, options.PopulationCount > 1);
        using var run = new ProbeRun(options, display, sink);
        await using var metrics = options.MetricsPort is { } port ? await RunMetrics.StartAsync(port, run.Populations).ConfigureAwait(false) : null;
        ProbeReport report;
        try
        {
            report = await run.ExecuteAsync(interrupt).ConfigureAwait(false);
        }
        finally
        {
            terminal?.End();
        }

        alsoReport?.Invoke(report);
        if (json)
        {
            await output.WriteLineAsync(ReportJson.Write(report)).ConfigureAwait(false);
            return report.Verdict.ExitCode;
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
        });
        // A line of a log is a line, whatever its length; a terminal wraps by words.
        if (!isTerminal)
        {
            console.Profile.Width = 1000;
        }

        SummaryTable.Write(console, report);
        return report.Verdict.ExitCode;
    }

    /// <summary>By the convention of no-color.org.</summary>
    private static bool HasColour() => string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    private static ProbeTarget? ParseTarget(ArgumentResult result)
    {
        if (ParseTargets(result) is not [var target, ..])
        {
            return null;
        }

        if (target.Protocol == Protocol.Udp)
        {
            result.AddError($"load is about TCP, and {target} is UDP: watch takes it, at a --rate.");
        }

        return target;
    }

    private static ProbeTarget[]? ParseTargets(ArgumentResult result)
    {
        var targets = new List<ProbeTarget>();
        foreach (var token in result.Tokens)
        {
            if (!ProbeTarget.TryParse(token.Value, out var target))
            {
                result.AddError($"'{token.Value}' is not HOST:PORT, as in echo.example.org:7007, 127.0.0.1:7007 or udp://[::1]:7007.");
                return null;
            }

            if (targets.Contains(target))
            {
                result.AddError($"{target} is named twice.");
                return null;
            }

            targets.Add(target);
        }

        return [.. targets];
    }

    private static Option<int> Size() => OptionKinds.Number("--size", "-s", "Bytes per message", 64, 1, MessageCodec.MaxMessageSize);

    private static Option<TimeSpan> Timeout() =>
        OptionKinds.Duration("--timeout", "-t", "How long to wait for a connect or for the next answer; over UDP, when a datagram is lost", TimeSpan.FromSeconds(5));

    private static Option<bool> Strict() => new("--strict")
    {
        Description = "A FIN at a message boundary is a disruption too, even if every message was answered",
    };

    private static Option<bool> Json() => new("--json") { Description = "Print the report as JSON, and nothing else" };
}
