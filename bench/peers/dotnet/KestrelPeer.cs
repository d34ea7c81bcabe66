using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace EchoService.Bench.Peers;

/// <summary>Echo as a Kestrel connection handler: the transport that ASP.NET Core itself uses.</summary>
internal static class KestrelPeer
{
    public static async Task RunAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.ListenAnyIP(port, listen => listen.UseConnectionHandler<EchoHandler>()));
        await using var app = builder.Build();
        await app.RunAsync();
    }

    private sealed class EchoHandler : ConnectionHandler
    {
        public override async Task OnConnectedAsync(ConnectionContext connection)
        {
            try
            {
                await connection.Transport.Input.CopyToAsync(connection.Transport.Output);
            }
            catch (ConnectionResetException)
            {
                // The client went away; nobody else is concerned.
            }
        }
    }
}
