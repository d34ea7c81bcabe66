using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Xml;
using EchoService.Probe.Clients;
using EchoService.Probe.Dialing;
using EchoService.Probe.Display;
using EchoService.Probe.Events;
using EchoService.Probe.Judging;

namespace EchoService.Probe.Reporting.Formats;

/// <summary><c>--junit</c>: a suite for each population at each target, and a test case for each cause, as pipelines show them.</summary>
internal static class JUnitReport
{
    /// <summary>The first of the events that are never causes; all after it are none either.</summary>
    private const ProbeEventKind FirstEventOnly = ProbeEventKind.Reconnected;

    public static void Write(ProbeReport report, Stream output)
    {
        using var xml = XmlWriter.Create(output, new XmlWriterSettings { Indent = true, Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false) });
        xml.WriteStartElement("testsuites");
        xml.WriteAttributeString("name", "echo-probe");
        foreach (var target in report.Targets)
        {
            foreach (var (name, population) in target.Populations())
            {
                WriteSuite(xml, report, target.Protocol, $"{target.Target} {(name == Population.Held ? "held" : "new")}", population);
            }
        }

        xml.WriteEndElement();
    }

    private static void WriteSuite(XmlWriter xml, ProbeReport report, Protocol protocol, string name, PopulationReport population)
    {
        var verdict = population.Verdict;
        string[] cases = population.Expectation is { } expectation
            ? [$"expected {expectation.Expected}"]
            : [.. Enum.GetValues<ProbeEventKind>().Where(kind => kind < FirstEventOnly && kind.IsOf(protocol)).Select(Name)];
        bool IsCause(string one) => population.Expectation is { } expected ? !expected.Met : verdict.Causes.Any(cause => Name(cause) == one);
        bool IsError(string one) => one == Name(ProbeEventKind.LocalLimit);
        // Interrupted before a connection was made, nothing has a cause, and yet nothing was proved.
        var without = verdict.Status == VerdictStatus.NoConnection && verdict.Causes.Count == 0;

        xml.WriteStartElement("testsuite");
        xml.WriteAttributeString("name", name);
        xml.WriteAttributeString("tests", Number(cases.Length + (without ? 1 : 0)));
        xml.WriteAttributeString("failures", Number(cases.Count(one => IsCause(one) && !IsError(one))));
        xml.WriteAttributeString("errors", Number(cases.Count(one => IsCause(one) && IsError(one)) + (without ? 1 : 0)));
        xml.WriteAttributeString("timestamp", report.StartedAt.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture));
        xml.WriteAttributeString("time", report.DurationSeconds.ToString("0.###", CultureInfo.InvariantCulture));
        foreach (var one in cases)
        {
            WriteCase(xml, name, one, IsCause(one) ? verdict.Summary : null, IsError(one) ? "error" : "failure");
        }

        if (without)
        {
            WriteCase(xml, name, "connection", verdict.Summary, "error");
        }

        xml.WriteElementString("system-out", $"{verdict.Summary}\n{string.Join('\n', population.Events.Select(e => string.Create(CultureInfo.InvariantCulture, $"{e.AtSeconds,8:0.000}s {EventLines.Say(new ProbeEvent(0, e.Connection, e.Kind, e.Detail, e.Instance), protocol)}")))}");
        xml.WriteEndElement();
    }

    private static void WriteCase(XmlWriter xml, string suite, string name, string? wrong, string element)
    {
        xml.WriteStartElement("testcase");
        // Dots would be read as packages.
        xml.WriteAttributeString("classname", $"echo-probe {suite}".Replace('.', '-'));
        xml.WriteAttributeString("name", name);
        if (wrong is not null)
        {
            xml.WriteStartElement(element);
            xml.WriteAttributeString("message", wrong);
            xml.WriteString(wrong);
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
    }

    private static string Name(ProbeEventKind kind) => JsonNamingPolicy.CamelCase.ConvertName(kind.ToString());

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
