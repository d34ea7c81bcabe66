using System.Globalization;

namespace EchoService.Bench;

/// <summary>
/// Managed bytes allocated per message, from two readings of the server's own <c>/metrics</c> while a
/// closed loop runs. Connections are set up before the first and end after the second, so what is
/// counted is messages, and one scrape.
/// </summary>
internal sealed class AllocationMeter(LoadGenerator load)
{
    private const string AllocatedBytes = "dotnet_gc_heap_total_allocated_bytes_total";
    private const string ReceivedBytes = "echo_received_bytes_total";
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(1);

    public async Task<Slice> MeasureAsync(ServerProcess server, double seconds, CancellationToken cancellationToken)
    {
        var workload = Workload.Closed64;
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{server.ManagementPort}") };
        var running = load.RunAsync(workload, server, warmup: 1, seconds + 2 * Margin.TotalSeconds, cancellationToken);
        try
        {
            await Task.Delay(Margin + TimeSpan.FromSeconds(1), cancellationToken);
            var before = await ReadAsync(client, cancellationToken);
            await Task.Delay(TimeSpan.FromSeconds(seconds), cancellationToken);
            var after = await ReadAsync(client, cancellationToken);
            if (await running is { Error: { } error })
            {
                return new Slice { Error = error };
            }

            var messages = (after.Received - before.Received) / workload.Size;
            return messages > 0
                ? new Slice { AllocatedPerMessage = (after.Allocated - before.Allocated) / messages, Messages = messages }
                : new Slice { Error = $"{ReceivedBytes} did not grow" };
        }
        catch (HttpRequestException e)
        {
            await running;
            return new Slice { Error = $"/metrics: {e.Message}" };
        }
    }

    private static async Task<(double Allocated, double Received)> ReadAsync(HttpClient client, CancellationToken cancellationToken)
    {
        var lines = (await client.GetStringAsync(new Uri("/metrics", UriKind.Relative), cancellationToken)).Split('\n');
        return (Sum(lines, AllocatedBytes), Sum(lines, ReceivedBytes));
    }

    private static double Sum(string[] lines, string name)
    {
        double[] values = [.. lines
            .Where(line => line.StartsWith(name + " ", StringComparison.Ordinal) || line.StartsWith(name + "{", StringComparison.Ordinal))
            .Select(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture))];
        return values.Length > 0 ? values.Sum() : throw new HttpRequestException($"no {name} among the metrics");
    }
}
