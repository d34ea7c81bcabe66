using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace EchoService.Probe.Explaining;

/// <summary>Reads the management API of instances. It only ever reads.</summary>
internal sealed class ManagementClient : IDisposable
{
    private const int LongestAnswer = 65_536;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly HttpClient _http;

    public ManagementClient()
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ConnectTimeout = Patience,
            // A stream of events, and the questions of every worker.
            MaxConnectionsPerServer = Explainer.Workers + 2,
            ConnectCallback = ConnectAsync,
        };
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = LongestAnswer };
    }

    /// <summary>Asks once. Either there is a status, with a body where it is 200, or a failure.</summary>
    public async Task<(HttpStatusCode? Status, JsonElement Body, string? Failure)> GetAsync(Uri management, string path, CancellationToken stop)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
        deadline.CancelAfter(Patience);
        try
        {
            using var response = await _http.GetAsync(Address(management, path), deadline.Token).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                return (response.StatusCode, default, null);
            }

            using var document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(deadline.Token).ConfigureAwait(false));
            return (response.StatusCode, document.RootElement.Clone(), null);
        }
        catch (Exception e)
        {
            // Whatever it is: one that got away would take a worker with it, and its questions would have no answer.
            return (null, default, Describe(e));
        }
    }

    /// <summary>Opens the stream of events.</summary>
    /// <exception cref="HttpRequestException">It cannot be had.</exception>
    public async Task<HttpResponseMessage> OpenEventsAsync(Uri management, CancellationToken cancel)
    {
        var response = await _http.GetAsync(Address(management, "events"), HttpCompletionOption.ResponseHeadersRead, cancel).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
        {
            response.Dispose();
            throw new HttpRequestException($"answers {(int)response.StatusCode}", null, response.StatusCode);
        }

        return response;
    }

    public void Dispose() => _http.Dispose();

    private static string Describe(Exception exception) => exception switch
    {
        OperationCanceledException => "does not answer",
        HttpRequestException { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionRefused } } => "refuses the connection",
        HttpRequestException { InnerException: SocketException inner } => $"cannot be reached ({inner.SocketErrorCode})",
        JsonException => "answers what is no JSON",
        HttpRequestException or IOException => "does not answer",
        _ => $"cannot be asked ({exception.GetType().Name})",
    };

    private static Uri Address(Uri management, string path) => new($"{management.AbsoluteUri.TrimEnd('/')}/{path}");

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancel).ConfigureAwait(false);
            await OffSocketThreadStream.Leave();
            return new OffSocketThreadStream(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
