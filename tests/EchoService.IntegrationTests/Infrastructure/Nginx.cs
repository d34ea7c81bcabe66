using System.Net;
using System.Net.NetworkInformation;

namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>A child process of nginx that passes calls on, on a loopback port of its own.</summary>
internal sealed class Nginx : IAsyncDisposable
{
    private const int Attempts = 5;

    private readonly ChildProcess _process;
    private readonly string _folder;

    private Nginx(ChildProcess process, string folder, IPEndPoint endPoint)
    {
        _process = process;
        _folder = folder;
        Address = new Uri($"http://{endPoint}");
    }

    /// <summary>Where it is.</summary>
    public Uri Address { get; }

    /// <summary>Starts it and waits until it takes connections.</summary>
    /// <param name="server">What stands in its section <c>server</c>.</param>
    public static async Task<Nginx> StartAsync(string server)
    {
        for (var attempt = 1; ; attempt++)
        {
            // It cannot be asked which port it took, so it is told one that was free just now.
            var endPoint = new IPEndPoint(IPAddress.Loopback, FreePort.Take());
            var folder = Directory.CreateTempSubdirectory("nginx-").FullName;
            var configuration = Path.Combine(folder, "nginx.conf");
            await File.WriteAllTextAsync(configuration, $$"""
                daemon off;
                master_process off;
                pid {{folder}}/pid;
                error_log {{folder}}/error.log;
                events {}
                http {
                  access_log off;
                  client_body_temp_path {{folder}}/body;
                  proxy_temp_path {{folder}}/proxy;
                  fastcgi_temp_path {{folder}}/fastcgi;
                  uwsgi_temp_path {{folder}}/uwsgi;
                  scgi_temp_path {{folder}}/scgi;
                  server {
                    listen {{endPoint}};
                    {{server}}
                  }
                }
                """);
            var process = ChildProcess.Start("nginx", ["-e", $"{folder}/error.log", "-p", folder, "-c", configuration]);
            var nginx = new Nginx(process, folder, endPoint);
            try
            {
                await Eventually.TrueAsync(() => process.HasExited || IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Contains(endPoint));
                if (!process.HasExited)
                {
                    return nginx;
                }
            }
            catch
            {
                await nginx.DisposeAsync();
                throw;
            }

            await nginx.DisposeAsync();
            attempt.ShouldBeLessThan(Attempts, $"nginx does not start: {process.Error}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
