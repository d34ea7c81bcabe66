using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace EchoService.Bench;

/// <summary>Runs <c>loadgen</c>, on the load's core or cores, against a server.</summary>
internal sealed class LoadGenerator(BenchOptions options)
{
    private const double MiB = 1024 * 1024;

    public async Task<Slice> RunAsync(
        Workload workload, ServerProcess server, double warmup, double seconds, CancellationToken cancellationToken)
    {
        var program = Path.Combine(options.BinaryPath, "loadgen");
        var arguments = string.Create(CultureInfo.InvariantCulture,
            $"-c {options.LoadCpus(workload)} {program} {workload.Mode} --port {server.Port} --pid {server.Id} --connections {workload.Connections} --size {workload.Size} --warmup {warmup} --seconds {seconds}{(workload.Rate > 0 ? $" --rate {workload.Rate:0}" : "")}");
        using var process = Process.Start(new ProcessStartInfo("taskset", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var complaint = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode == 0
                ? Parse(workload, await output)
                : new Slice { Error = $"{(await complaint).Trim()}; server: {(server.HasExited ? server.Complaint : "still up")}" };
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    private static Slice Parse(Workload workload, string json)
    {
        using var document = JsonDocument.Parse(json);
        double Value(string name) => document.RootElement.GetProperty(name).GetDouble();

        if (workload.Mode == "idle")
        {
            return new Slice
            {
                BytesPerConnection = Value("bytesPerConnection"),
                ResidentBytes = Value("residentBytes"),
            };
        }

        var seconds = Value("seconds");
        var units = workload.Unit == "MiB" ? Value("bytes") / MiB : Value("messages");
        if (units == 0)
        {
            return new Slice { Error = "no message came back within the slice" };
        }

        var closedLoop = workload.Mode is not "stream";
        return new Slice
        {
            Rate = units / seconds,
            OfferedRate = workload.Rate > 0 ? workload.Rate : null,
            // Beside a firehose it would be the firehose's cost for the most part.
            CpuMicros = workload.Mode == "mixed" ? null : Value("serverCpuSeconds") / units * 1e6,
            P50Micros = closedLoop ? Value("p50Micros") : null,
            P99Micros = closedLoop ? Value("p99Micros") : null,
            FirehoseMiB = workload.Mode == "mixed" ? Value("firehoseBytes") / MiB / seconds : null,
            ServerBusy = Value("serverCpuSeconds") / seconds,
            // In an open loop it never sleeps.
            LoadBusy = workload.Mode == "open" ? null : Value("loadCpuSeconds") / seconds,
            Messages = Value("messages"),
        };
    }
}
