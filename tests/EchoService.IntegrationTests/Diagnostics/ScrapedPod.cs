namespace EchoService.IntegrationTests.Diagnostics;

/// <summary>What Prometheus knows of one service.</summary>
internal class ScrapedPod(string name, PrometheusServer prometheus)
{
    public string Name => name;

    /// <summary>Asks about this pod alone.</summary>
    /// <param name="expression">Has braces after every metric, empty or not.</param>
    /// <param name="at">When; now if not given.</param>
    public Task<IReadOnlyDictionary<string, double>> QueryAsync(string expression, DateTimeOffset? at = null) =>
        prometheus.QueryAsync(expression.Replace("{", $"{{pod=\"{name}\",", StringComparison.Ordinal), at);

    /// <summary>The one value of a query that has one.</summary>
    public async Task<double> ValueAsync(string expression, DateTimeOffset? at = null) => (await QueryAsync(expression, at)).ShouldHaveSingleItem().Value;

    /// <summary>Waits for a scrape that began after the call.</summary>
    public async Task ScrapedAsync()
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000d;
        await Eventually.TrueAsync(async () => (await QueryAsync("timestamp(echo_build_info{})")).Values.SingleOrDefault() > now);
    }
}
