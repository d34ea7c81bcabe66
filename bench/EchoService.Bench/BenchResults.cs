using System.Text.Json;
using System.Text.Json.Serialization;

namespace EchoService.Bench;

/// <summary>All that was measured, in the form in which it is kept.</summary>
internal sealed class BenchResults
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NewLine = "\n",
        Converters = { new SliceConverter() },
    };

    /// <summary>By <see cref="Workload.Name"/>. A run replaces the workloads it measured and leaves the others.</summary>
    public SortedDictionary<string, WorkloadResult> Workloads { get; init; } = new(StringComparer.Ordinal);

    public static BenchResults Load(string path)
    {
        var results = File.Exists(path) ? JsonSerializer.Deserialize<BenchResults>(File.ReadAllText(path), Json) : null;
        foreach (var gone in results?.Workloads.Keys.Except(Workload.All.Select(workload => workload.Name)).ToList() ?? [])
        {
            results!.Workloads.Remove(gone);
        }

        return results ?? new BenchResults();
    }

    public void Save(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, JsonSerializer.Serialize(this, Json) + "\n");
    }

    public WorkloadResult? Find(Workload workload) => Workloads.GetValueOrDefault(workload.Name);
}
