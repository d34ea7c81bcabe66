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

    /// <summary>The revision, and whether what it builds has been changed since.</summary>
    public static async Task<string> CommitAsync(string root, CancellationToken cancellationToken)
    {
        var revision = await GitAsync(root, ["rev-parse", "--short", "HEAD"], cancellationToken);
        var changes = await GitAsync(root, ["status", "--porcelain", "--", "src", "bench"], cancellationToken);
        return revision is null ? "unknown" : changes is "" ? revision : revision + " with changes";
    }

    private static async Task<string?> GitAsync(string root, string[] arguments, CancellationToken cancellationToken)
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["-C", root, .. arguments])
        {
            RedirectStandardOutput = true,
        })!;
        var text = await git.StandardOutput.ReadToEndAsync(cancellationToken);
        await git.WaitForExitAsync(cancellationToken);
        return git.ExitCode == 0 ? text.Trim() : null;
    }
}
