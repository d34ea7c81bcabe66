using System.CommandLine;
using System.CommandLine.Invocation;
using System.Globalization;
using EchoService.Probe.Connections;
using EchoService.Probe.Reporting;
using Spectre.Console;

namespace EchoService.Probe.CommandLine;

/// <summary>The commands, their options, and what is printed.</summary>
internal static class ProbeCommandLine
{
    private const string DurationForms = "a duration such as 500ms, 10s, 2m or 00:01:00";

    /// <summary>Longer than what a run takes to end after a signal; past it the process just ends.</summary>
    private static readonly TimeSpan SignalGrace = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        var root = new RootCommand("Tests a TCP echo server (RFC 862) and whatever stands before it. Exit code: 0 no disruption, 1 disruption, 2 bad arguments, 3 no connection at all, 4 the probe's own machine was the limit.")
        {
            Load(output),
            Watch(output),
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
        var target = Target();
        var connections = Number("--connections", "-c", "Connections held open", 64, 1, 100_000);
        var size = Size();
        var duration = Duration("--duration", "-d", "How long to send", TimeSpan.FromSeconds(10));
        var pipeline = Number("--pipeline", "-p", "Messages under way on a connection", 1, 1, 10_000);
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
                Target = parsed.GetRequiredValue(target),
                Connections = parsed.GetValue(connections),
                Size = parsed.GetValue(size),
                Duration = parsed.GetValue(duration),
                Pipeline = parsed.GetValue(pipeline),
                Timeout = parsed.GetValue(timeout),
                Strict = parsed.GetValue(strict),
            },
            parsed.GetValue(json),
            output,
            interrupt));
        return command;
    }

    private static Command Watch(TextWriter output)
    {
        var target = Target();
        var connections = Number("--connections", "-c", "Connections held open", 4, 1, 100_000);
        var rate = Number<double>("--rate", "-r", "Messages per second over all connections, whatever the server does", 100, 0.01, 1_000_000);
        var size = Size();
        var duration = Duration("--duration", "-d", "How long to send", TimeSpan.FromSeconds(60));
        var timeout = Timeout();
        var late = Duration("--late", "-l", "An answer that takes longer than this, from when its message was due, is late", TimeSpan.FromSeconds(1));
        var strict = Strict();
        var json = Json();
        var command = new Command("watch", "Sends numbered messages at a fixed rate and says what a client suffered: gaps, losses, refusals, FIN, RST, wrong bytes.")
        {
            target, connections, rate, size, duration, timeout, late, strict, json,
        };
        command.SetAction((parsed, interrupt) => ExecuteAsync(
            new ProbeOptions
            {
                Mode = ProbeMode.Watch,
                Target = parsed.GetRequiredValue(target),
                Connections = parsed.GetValue(connections),
                Rate = parsed.GetValue(rate),
                Size = parsed.GetValue(size),
                Duration = parsed.GetValue(duration),
                Timeout = parsed.GetValue(timeout),
                LateAfter = parsed.GetValue(late),
                Strict = parsed.GetValue(strict),
            },
            parsed.GetValue(json),
            output,
            interrupt));
        return command;
    }

    private static async Task<int> ExecuteAsync(ProbeOptions options, bool json, TextWriter output, CancellationToken interrupt)
    {
        if (json)
        {
            var report = await MeasureAsync(options, new NoDisplay(), interrupt).ConfigureAwait(false);
            await output.WriteLineAsync(ReportJson.Write(report)).ConfigureAwait(false);
            return report.Verdict.ExitCode;
        }

        var isTerminal = ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected;
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

        var shown = isTerminal
            ? await console.Live(TerminalDisplay.Waiting(options))
                .StartAsync(context => MeasureAsync(options, new TerminalDisplay(console, context, options), interrupt)).ConfigureAwait(false)
            : await MeasureAsync(options, new PlainDisplay(output), interrupt).ConfigureAwait(false);
        SummaryTable.Write(console, shown);
        return shown.Verdict.ExitCode;
    }

    private static async Task<ProbeReport> MeasureAsync(ProbeOptions options, IRunDisplay display, CancellationToken interrupt)
    {
        using var run = new ProbeRun(options, display);
        return await run.ExecuteAsync(interrupt).ConfigureAwait(false);
    }

    private static Argument<ProbeTarget> Target() => new("HOST:PORT")
    {
        Description = "The server: a name, an IPv4 address or an IPv6 address in brackets, and a port",
        CustomParser = result =>
        {
            if (ProbeTarget.TryParse(result.Tokens[0].Value, out var target))
            {
                return target;
            }

            result.AddError($"'{result.Tokens[0].Value}' is not HOST:PORT, as in echo.example.org:7007, 127.0.0.1:7007 or [::1]:7007.");
            return null;
        },
    };

    private static Option<int> Size() => Number("--size", "-s", "Bytes per message", 64, 1, MessageCodec.MaxMessageSize);

    private static Option<TimeSpan> Timeout() =>
        Duration("--timeout", "-t", "How long to wait for a connect or for the next answer", TimeSpan.FromSeconds(5));

    private static Option<bool> Strict() => new("--strict")
    {
        Description = "A FIN at a message boundary is a disruption too, even if every message was answered",
    };

    private static Option<bool> Json() => new("--json") { Description = "Print the report as JSON, and nothing else" };

    private static Option<T> Number<T>(string name, string alias, string description, T value, T least, T most)
        where T : struct, IComparable<T>, ISpanParsable<T>
    {
        return new Option<T>(name, alias)
        {
            Description = description,
            DefaultValueFactory = _ => value,
            CustomParser = result =>
            {
                var text = result.Tokens[0].Value;
                if (T.TryParse(text, CultureInfo.InvariantCulture, out var number) && number.CompareTo(least) >= 0 && number.CompareTo(most) <= 0)
                {
                    return number;
                }

                result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} must be a number from {least} to {most}, not '{text}'."));
                return default;
            },
        };
    }

    private static Option<TimeSpan> Duration(string name, string alias, string description, TimeSpan value) => new(name, alias)
    {
        Description = description,
        DefaultValueFactory = _ => value,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (DurationText.TryParse(text, out var duration) && duration >= TimeSpan.FromMilliseconds(1) && duration <= TimeSpan.FromDays(7))
            {
                return duration;
            }

            result.AddError($"{name} must be {DurationForms}, from 1ms to 168h, not '{text}'.");
            return default;
        },
    };
}
