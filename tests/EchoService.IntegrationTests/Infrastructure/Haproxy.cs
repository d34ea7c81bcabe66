using System.Net;
using System.Net.Sockets;

namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>A child process of HAProxy, on a loopback port of its own.</summary>
internal sealed class Haproxy : IAsyncDisposable
{
    private const int Attempts = 5;

    // Of what "show stat" says (management.txt, section 9.1).
    private const int StatusColumn = 17;
    private const int CheckColumn = 36;

    private readonly ChildProcess _process;
    private readonly string _configuration;

    private Haproxy(ChildProcess process, string configuration, IPEndPoint endPoint)
    {
        _process = process;
        _configuration = configuration;
        EndPoint = endPoint;
    }

    /// <summary>Where it takes connections.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Starts it and waits until it takes connections.</summary>
    /// <param name="server">Whom it relays to.</param>
    /// <param name="serverOptions">How, as on a <c>server</c> line.</param>
    /// <param name="bindOptions">How it listens, as on a <c>bind</c> line.</param>
    public static Task<Haproxy> StartAsync(IPEndPoint server, string serverOptions, string bindOptions = "") =>
        StartAsync($"server echo {server} {serverOptions}", bindOptions);

    /// <summary>The same, in front of several servers.</summary>
    /// <param name="backend">Lines of the section <c>listen</c>: servers, balancing, checks.</param>
    /// <param name="bindOptions">How it listens, as on a <c>bind</c> line.</param>
    public static Task<Haproxy> StartAsync(string backend, string bindOptions = "") => StartAsync(endPoint => $"""
        defaults
          mode tcp
          timeout connect 10s
          timeout client 30s
          timeout server 30s
        listen echo
          bind {endPoint} {bindOptions}
          unique-id-format %ci-%cp-%rt
          {backend.ReplaceLineEndings("\n  ")}

        """);

    /// <summary>The same with a whole configuration.</summary>
    /// <param name="configure">Makes it of the address where it is to listen.</param>
    public static async Task<Haproxy> StartAsync(Func<IPEndPoint, string> configure)
    {
        for (var attempt = 1; ; attempt++)
        {
            // It cannot be asked which port it took, so it is told one that was free just now.
            var endPoint = new IPEndPoint(IPAddress.Loopback, FreePort.Take());
            var configuration = Path.GetTempFileName();
            await File.WriteAllTextAsync(configuration, $"""
                global
                  stats socket {StatsOf(configuration)}
                {configure(endPoint)}
                """);
            var process = ChildProcess.Start("haproxy", ["-db", "-q", "-f", configuration]);
            var haproxy = new Haproxy(process, configuration, endPoint);
            try
            {
                await Eventually.TrueAsync(() => process.HasExited || haproxy.IsListening());
                if (!process.HasExited)
                {
                    return haproxy;
                }
            }
            catch
            {
                await haproxy.DisposeAsync();
                throw;
            }

            await haproxy.DisposeAsync();
            attempt.ShouldBeLessThan(Attempts, $"haproxy does not start: {process.Error}");
        }
    }

    /// <summary>Waits until a server has been checked, and is to the checks what it is to be: <c>UP</c> or <c>DOWN</c>.</summary>
    public Task WaitForAsync(string server, string status) => Eventually.BecomesAsync(
        async () => (await ShowStatAsync()).Split('\n').Single(line => line.StartsWith($"echo,{server},", StringComparison.Ordinal)).Split(','),
        seen => seen[StatusColumn].StartsWith(status, StringComparison.Ordinal) && seen[CheckColumn] is not ("INI" or "UNK" or ""));

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        File.Delete(_configuration);
        File.Delete(StatsOf(_configuration));
    }

    private static string StatsOf(string configuration) => configuration + ".stats";

    private async Task<string> ShowStatAsync()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(StatsOf(_configuration)), TestContext.Current.CancellationToken);
        using var stream = new NetworkStream(socket);
        await stream.WriteAsync("show stat\n"u8.ToArray(), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);
        var answer = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        await EchoClient.LeaveSocketThreadAsync();
        return answer;
    }

    /// <summary>Looks without connecting, which would reach the service.</summary>
    private bool IsListening() => System.Net.NetworkInformation.IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Contains(EndPoint);
}
