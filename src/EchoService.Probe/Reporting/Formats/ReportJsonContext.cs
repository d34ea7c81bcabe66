using System.Text.Json.Serialization;
using EchoService.Probe.Clients;
using EchoService.Probe.Dialing;
using EchoService.Probe.Events;
using EchoService.Probe.Judging;

namespace EchoService.Probe.Reporting.Formats;

/// <summary>How reports are written, made at build time: a native program has no reflection to find out.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(CamelCaseEnumConverter<ProbeMode>), typeof(CamelCaseEnumConverter<Population>), typeof(CamelCaseEnumConverter<Protocol>), typeof(CamelCaseEnumConverter<ProbeEventKind>), typeof(CamelCaseEnumConverter<VerdictStatus>)])]
[JsonSerializable(typeof(ProbeReport))]
[JsonSerializable(typeof(StreamedEvent))]
internal sealed partial class ReportJsonContext : JsonSerializerContext;
