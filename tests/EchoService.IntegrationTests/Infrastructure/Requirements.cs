using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>Whether what tests need is here.</summary>
internal static class Requirements
{
    private static readonly ConcurrentDictionary<Need, string?> Looked = new();

    /// <summary>What is missing and how to get it; null where nothing is.</summary>
    public static string? Missing(Need need) => Looked.GetOrAdd(need, Look);

    public static bool Has(Need need) => Missing(need) is null;

    /// <summary>Skips the test that runs where something is missing; fails it where continuous integration should have it.</summary>
    public static void Demand(Need need)
    {
        if (Missing(need) is not { } missing)
        {
            return;
        }

        // Not all of it can be had everywhere that CI runs: Debian has no current kubectl, and a namespace takes root.
        var mayBeMissing = need is Need.Signals or Need.Linux or Need.Kustomize or Need.Namespaces;
        if (Environment.GetEnvironmentVariable("CI") == "true" && !mayBeMissing)
        {
            Assert.Fail(missing);
        }

        Assert.Skip(missing);
    }

    private static string? Look(Need need) => need switch
    {
        Need.Signals => OperatingSystem.IsWindows() ? "Windows has no signals" : null,
        Need.Linux => OperatingSystem.IsLinux() ? null : "this is about Linux",
        Need.Loopbacks => CanBind("127.0.0.2", "127.0.0.3", "127.0.0.9", "127.0.0.10")
            ? null
            : "127.0.0.1 is the only loopback address; on macOS `sudo ifconfig lo0 alias 127.0.0.2` adds one, and 127.0.0.3, .9 and .10 are needed too",
        Need.Haproxy => FromPackage("haproxy"),
        Need.Nginx => FromPackage("nginx"),
        Need.Prometheus => FromPackage("prometheus", "promtool"),
        Need.Chromium => FromPackage("chromium"),
        Need.Kustomize => Answers("kubectl", ["version", "--client", "--output=json"], answer => answer.Contains("kustomizeVersion", StringComparison.Ordinal))
            ? null
            : "kubectl 1.22 or newer is not on the PATH",
        Need.Engine => Answers("docker", ["info"], _ => true)
            ? null
            : "no container engine answers; on Debian eng/ensure-docker.sh installs one and eng/base-images.sh the images, elsewhere start Docker or Podman",
        Need.Namespaces => Answers("unshare", ["--net", "sh", "-c", "ip link set lo up && iptables --list && nsenter --version"], _ => true)
            ? null
            : "no network namespace with iptables in it can be made; it takes Linux, root, and on Debian eng/ensure-packages.sh iptables iproute2",
        Need.Linters => File.Exists(Repository.PathOf("eng", "lint", "node_modules", ".package-lock.json"))
            ? null
            : "the linters are not installed; `npm ci` in eng/lint does it",
        _ => throw new ArgumentOutOfRangeException(nameof(need), need, null),
    };

    private static string? FromPackage(string package, params string[] more) =>
        more.Prepend(package).All(command => FindOnPath(command) is not null) ? null : $"{package} is not on the PATH; on Debian eng/ensure-packages.sh {package} installs it";

    /// <summary>The file that a command is; null where it is in no folder of the PATH.</summary>
    public static string? FindOnPath(string command) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .SelectMany(folder => ((string[])["", ".exe"]).Select(ending => Path.Combine(folder, command + ending)))
            .FirstOrDefault(File.Exists);

    private static bool CanBind(params string[] addresses)
    {
        foreach (var address in addresses)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
            }
            catch (SocketException)
            {
                return false;
            }
        }

        return true;
    }

    private static bool Answers(string command, string[] arguments, Func<string, bool> accepted)
    {
        if (FindOnPath(command) is null)
        {
            return false;
        }

        var start = new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 && accepted(output);
    }
}
