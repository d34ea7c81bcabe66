namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>What a test may need beyond the .NET SDK. Each is also a category, as in <c>dotnet test --filter Category!=Engine</c>.</summary>
public enum Need
{
    /// <summary>Signals, as systems other than Windows have them.</summary>
    Signals,

    /// <summary>Linux: what the kernel, /proc and prlimit offer.</summary>
    Linux,

    /// <summary>Addresses of 127/8 beside 127.0.0.1, from which a test is a stranger.</summary>
    Loopbacks,

    /// <summary>HAProxy, as a process.</summary>
    Haproxy,

    /// <summary>nginx, as a process.</summary>
    Nginx,

    /// <summary>Prometheus and promtool.</summary>
    Prometheus,

    /// <summary>Chromium, driven by Playwright.</summary>
    Chromium,

    /// <summary>A container engine that answers, and base images.</summary>
    Engine,

    /// <summary>A kubectl that renders what current ones do: 1.22 or newer, which Debian's is not.</summary>
    Kustomize,

    /// <summary>A network namespace that a test may make, and iptables in it: root, mostly.</summary>
    Namespaces,

    /// <summary>Node and the linters of eng/lint.</summary>
    Linters,
}
