using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using EchoService.Probe.Dialing;
using EchoService.Probe.Events;
using EchoService.Probe.Judging;
using EchoService.Probe.Messages;

namespace EchoService.Probe.CommandLine;

/// <summary>What <c>watch</c> alone can be told: what is expected, what is allowed, and where the report goes.</summary>
internal sealed class WatchOptions
{
    /// <summary>65,535 less the headers of IP, version 4, and UDP.</summary>
    private const int MostOfADatagram = 65_507;

    private readonly Option<double> _newRate = OptionKinds.Number<double>("--new-rate", "-n", "New connections, or UDP flows, per second beside the held ones: connect, one message, close; 0 for none", 0, 0, 10_000);
    private readonly Option<HeldExpectation?> _expectHeld = OptionKinds.Choice<HeldExpectation>("--expect-held", "What is to be proved of held connections");
    private readonly Option<NewExpectation?> _expectNew = OptionKinds.Choice<NewExpectation>("--expect-new", "What is to be proved of new connections, with --new-rate");
    private readonly Option<TimeSpan?> _maxGap = new(Thresholds.MaxGap)
    {
        Description = "A longer gap is a disruption",
        CustomParser = result => OptionKinds.ParseDuration(result, Thresholds.MaxGap),
    };

    private readonly Option<string?> _proxyProtocol = OptionKinds.Parsed("--proxy-protocol", "Begin each connection with a header of the PROXY protocol: v1 or v2", "v1 or v2", text => text is "v1" or "v2" ? text : null);
    private readonly Option<IPAddress?> _source = OptionKinds.Parsed("--source", "Local address of the connections or flows", "an IP address", text => IPAddress.TryParse(text, out var address) ? address : null);
    private readonly Option<string?> _sourcePorts = OptionKinds.Parsed("--source-ports", "Local ports of the connections or flows", "a range such as 20000-20999", text => PortRange.TryParse(text, out _) ? text : null);

    private readonly (ProbeEventKind Kind, Option<Limit?> Option)[] _limits =
        [.. Thresholds.Options.Select(limit => (limit.Kind, OptionKinds.Limit(limit.Option, $"{limit.What} that are no disruption yet: a number, or a share such as 0.1%")))];

    private readonly Option<bool> _banner = new("--banner") { Description = "The target is a banner port (Echo:BannerPort): results are told by instance too" };

    private readonly Option<bool> _explain = new("--explain") { Description = "With --banner: ask the instances why a connection ended" };

    private readonly Option<int> _metricsPort = OptionKinds.Number("--metrics-port", "-m", "Serve Prometheus metrics of the run on this port, at /metrics; 0: do not", 0, 0, 65_535);

    public Option<FileInfo?> JUnit { get; } = new("--junit") { Description = "Write the verdict as JUnit XML to this file, a test case for each cause" };

    public Option<FileInfo?> Events { get; } = new("--events") { Description = "Write each event as it happens to this file, one JSON object a line" };

    public void AddTo(Command command, Argument<ProbeTarget[]> targets, Option<int> connections, Option<int> size, Option<bool> strict)
    {
        command.Options.Add(_newRate);
        command.Options.Add(_expectHeld);
        command.Options.Add(_expectNew);
        command.Options.Add(_maxGap);
        foreach (var (_, option) in _limits)
        {
            command.Options.Add(option);
        }

        command.Options.Add(_banner);
        command.Options.Add(_explain);
        command.Options.Add(_proxyProtocol);
        command.Options.Add(_source);
        command.Options.Add(_sourcePorts);
        command.Options.Add(_metricsPort);
        command.Options.Add(JUnit);
        command.Options.Add(Events);
        command.Validators.Add(result =>
        {
            // By what was typed: neither defaults nor complaints about values are there yet.
            var hasNew = NumberOf(result, _newRate) is not (null or 0);
            var hasHeld = NumberOf(result, connections) is not 0;
            if (!hasNew && result.GetResult(_expectNew) is not null)
            {
                result.AddError("--expect-new needs --new-rate.");
            }

            CheckProtocols(result, targets, size, strict);
            if (result.GetResult(_explain) is not null && result.GetResult(_banner) is null)
            {
                result.AddError("--explain needs --banner.");
            }

            if (hasHeld)
            {
                return;
            }

            if (!hasNew)
            {
                result.AddError("--connections 0 needs --new-rate.");
            }

            if (result.GetResult(_expectHeld) is not null)
            {
                result.AddError("--expect-held needs --connections.");
            }
        });
    }

    public ProbeOptions Apply(ProbeOptions options, ParseResult parsed) => options with
    {
        NewRate = parsed.GetValue(_newRate),
        ExpectHeld = parsed.GetValue(_expectHeld),
        ExpectNew = parsed.GetValue(_expectNew),
        Origin = new Origin(
            parsed.GetValue(_source),
            PortRange.TryParse(parsed.GetValue(_sourcePorts) ?? "", out var ports) ? ports : null,
            parsed.GetValue(_proxyProtocol) switch { "v1" => 1, "v2" => 2, _ => null }),
        Banner = parsed.GetValue(_banner),
        Explain = parsed.GetValue(_explain),
        MetricsPort = parsed.GetValue(_metricsPort) is > 0 and var port ? port : null,
        MaxGap = parsed.GetValue(_maxGap),
        Limits = _limits.Where(limit => parsed.GetValue(limit.Option) is not null).ToDictionary(limit => limit.Kind, limit => parsed.GetValue(limit.Option)!.Value),
    };

    /// <summary>What is about TCP or UDP alone, where no target, or not every target, is.</summary>
    private void CheckProtocols(CommandResult result, Argument<ProbeTarget[]> targets, Option<int> size, Option<bool> strict)
    {
        var names = result.GetResult(targets)?.Tokens.Select(token => token.Value).ToArray() ?? [];
        var udp = Array.Find(names, name => name.StartsWith(ProbeTarget.UdpScheme, StringComparison.Ordinal));
        var hasTcp = Array.Exists(names, name => !name.StartsWith(ProbeTarget.UdpScheme, StringComparison.Ordinal));
        if (udp is null)
        {
            foreach (var (_, option) in _limits.Where(limit => !limit.Kind.IsOf(Protocol.Tcp) && result.GetResult(limit.Option) is not null))
            {
                result.AddError($"{option.Name} is about UDP, and no target is udp://.");
            }

            return;
        }

        Option[] ofStreams = [_banner, _explain, _proxyProtocol];
        foreach (var option in ofStreams.Where(option => result.GetResult(option) is not null))
        {
            result.AddError($"{option.Name} is about TCP, and {udp} is UDP.");
        }

        if (result.GetResult(_expectNew)?.Tokens is [{ Value: "closed" }, ..])
        {
            result.AddError($"--expect-new closed is about TCP, and {udp} is UDP: nothing closes a flow. timeout says that it is not answered.");
        }

        if (NumberOf(result, size) is < MessageCodec.HeaderLength or > MostOfADatagram)
        {
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"--size must be from {MessageCodec.HeaderLength} to {MostOfADatagram} with {udp}: a datagram has to say which it is, and holds no more."));
        }

        if (hasTcp)
        {
            return;
        }

        Option[] ofTcp = [strict, .. _limits.Where(limit => !limit.Kind.IsOf(Protocol.Udp)).Select(limit => limit.Option)];
        foreach (var option in ofTcp.Where(option => result.GetResult(option) is { Implicit: false }))
        {
            result.AddError($"{option.Name} is about TCP, and every target is udp://.");
        }
    }

    /// <summary>What was given for <paramref name="option"/>, NaN if it is no number; null: nothing was.</summary>
    private static double? NumberOf(CommandResult result, Option option) => result.GetResult(option)?.Tokens is [var token, ..]
        ? double.TryParse(token.Value, CultureInfo.InvariantCulture, out var number) ? number : double.NaN
        : null;
}
