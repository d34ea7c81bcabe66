namespace EchoService.Probe.Datagrams;

/// <summary>A fresh flow was answered; nanoseconds.</summary>
/// <param name="BeganAt">When it was opened.</param>
/// <param name="Latency">How long the answer took.</param>
internal sealed record FreshAnswer(long BeganAt, long Latency);
