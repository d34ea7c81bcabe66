namespace EchoService.Probe.Reporting;

/// <param name="Expected">What was to be proved, in the option's word.</param>
/// <param name="Met">Whether it became true and stayed so.</param>
/// <param name="AtSeconds">When, from the start of the run, it became true; null: it never did.</param>
/// <param name="Stayed">Whether it stayed so to the end.</param>
/// <param name="Spared">Held connections to which nothing happened; null for new ones.</param>
/// <param name="Summary">The same in a sentence.</param>
internal sealed record ExpectationReport(string Expected, bool Met, double? AtSeconds, bool Stayed, int? Spared, string Summary);
