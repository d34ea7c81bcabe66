using System.Diagnostics;
using System.Runtime.InteropServices;

namespace EchoService.Bench;

/// <summary>What results have to say about where they come from.</summary>
internal static class Machine
{
    public static string Describe()
    {
        var processor = File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown processor";
        var kernel = File.ReadAllText("/proc/sys/kernel/osrelease").Trim();
        return $"{processor}, Linux {kernel}, {RuntimeInformation.FrameworkDescription}";
    }

    public static async Task<string> CommitAsync(string root, CancellationToken cancellationToken)
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["-C", root, "describe", "--always", "--dirty"])
        {
            RedirectStandardOutput = true,
        })!;
        var text = await git.StandardOutput.ReadToEndAsync(cancellationToken);
        await git.WaitForExitAsync(cancellationToken);
        return git.ExitCode == 0 ? text.Trim() : "unknown";
    }
}
