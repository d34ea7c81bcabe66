using Microsoft.AspNetCore.Http.Features;

namespace EchoService.ControlPlane.Connections;

/// <summary>Ties requests to the connection that they came on.</summary>
internal static class ManagementConnectionsExtensions
{
    /// <summary>Notes when a connection is in use, which decides who gives way when every place is taken.</summary>
    public static void UseManagementConnections(this WebApplication app)
    {
        var connections = app.Services.GetRequiredService<ManagementConnections>();
        app.Use(async (context, next) =>
        {
            var connection = context.ManagementConnection;
            connections.BeginRequest(connection, isWhole: context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true });
            try
            {
                await next(context);
            }
            finally
            {
                connections.EndRequest(connection);
            }
        });
    }

    extension(HttpContext context)
    {
        /// <summary>The connection that the request came on.</summary>
        public ManagementConnection ManagementConnection => context.Features.Get<ManagementConnection>()!;
    }
}
