using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace EchoService.Testcontainers;

/// <summary>
/// The management API of one instance: what it says of itself, and what it can be told. May be used by many threads at
/// once. Every call throws <see cref="EchoProblemException"/> where the service refuses, and
/// <see cref="HttpRequestException"/> where it cannot be reached.
/// </summary>
public sealed class EchoManagementClient : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    private readonly HttpClient _http;

    /// <param name="address">Where the API is, as <c>http://127.0.0.1:8080</c>.</param>
    /// <param name="apiKey">The key for calls that change something; null where the service has none, which then takes them from its own machine alone.</param>
    public EchoManagementClient(Uri address, string? apiKey = null)
        : this(new SocketsHttpHandler { UseProxy = false }, address, apiKey)
    {
    }

    internal EchoManagementClient(HttpMessageHandler handler, Uri address, string? apiKey)
    {
        ArgumentNullException.ThrowIfNull(address);
        Address = address;
        // With a slash at its end a path of the address is kept, where a proxy strips one.
        _http = new HttpClient(handler) { BaseAddress = new Uri(address.AbsoluteUri.TrimEnd('/') + "/") };
        _http.DefaultRequestHeaders.Authorization = apiKey is null ? null : new AuthenticationHeaderValue("Bearer", apiKey);
    }

    /// <summary>Where the API is.</summary>
    public Uri Address { get; }

    /// <summary>The service in figures.</summary>
    public Task<EchoStats> GetStatsAsync(CancellationToken cancellationToken = default) => GetAsync("stats", ManagementJson.Default.EchoStats, cancellationToken);

    /// <summary>Reads the figures until they are as wanted.</summary>
    /// <param name="condition">Whether they are.</param>
    /// <param name="timeout">For how long to try.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The figures that were.</returns>
    /// <exception cref="TimeoutException">They were not within the time.</exception>
    public Task<EchoStats> WaitForStatsAsync(Func<EchoStats, bool> condition, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(condition);
        return WaitAsync(GetStatsAsync, condition, timeout, "The figures are not as wanted", cancellationToken);
    }

    /// <summary>What happens, as it happens: the figures at once and every second, and every change of phase or fault in order.</summary>
    /// <param name="cancellationToken">Ends the stream.</param>
    /// <returns>Events until the service has drained to stop, or until nobody enumerates them any more.</returns>
    public async IAsyncEnumerable<EchoEvent> GetEventsAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "events");
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        await EnsureAsync(response, cancellationToken).ConfigureAwait(false);
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            await foreach (var item in SseParser.Create(stream, Parse).EnumerateAsync(cancellationToken).ConfigureAwait(false))
            {
                // A newer service may tell of more.
                if (item.Data is { } told)
                {
                    yield return told;
                }
            }
        }
    }

    /// <summary>All metrics, as Prometheus text.</summary>
    public async Task<string> GetMetricsAsync(CancellationToken cancellationToken = default)
    {
        using var response = await _http.GetAsync(Relative("metrics"), cancellationToken).ConfigureAwait(false);
        await EnsureAsync(response, cancellationToken).ConfigureAwait(false);
        return await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whether the process is sound.</summary>
    public Task<Health> GetLivenessAsync(CancellationToken cancellationToken = default) => GetAsync("livez", ManagementJson.Default.Health, cancellationToken);

    /// <summary>The same, by the name that some balancers ask for.</summary>
    public Task<Health> GetHealthAsync(CancellationToken cancellationToken = default) => GetAsync("healthz", ManagementJson.Default.Health, cancellationToken);

    /// <summary>Whether new clients are wanted. That they are not is an answer, and no exception.</summary>
    public async Task<Health> GetReadinessAsync(CancellationToken cancellationToken = default)
    {
        using var response = await _http.GetAsync(Relative("readyz"), cancellationToken).ConfigureAwait(false);
        if (response.StatusCode != HttpStatusCode.ServiceUnavailable || response.Content.Headers.ContentType?.MediaType != "application/json")
        {
            await EnsureAsync(response, cancellationToken).ConfigureAwait(false);
        }

        return await ReadAsync(response, ManagementJson.Default.Health, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Who is connected, page after page as they are enumerated. A client that comes or goes meanwhile may be missed, and none is told twice in the order by id.</summary>
    /// <param name="filter">Which of them, and in which order; all that are open or closing, oldest first, where none is given.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public async IAsyncEnumerable<ClientInfo> GetClientsAsync(ClientFilter? filter = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string? cursor = null;
        do
        {
            var page = await GetClientPageAsync(filter, cursor, cancellationToken).ConfigureAwait(false);
            foreach (var client in page.Items)
            {
                yield return client;
            }

            cursor = page.Next;
        }
        while (cursor is not null);
    }

    /// <summary>One page of those who are connected, and how many there are in all.</summary>
    /// <param name="filter">Which of them, and in which order; the same for every page.</param>
    /// <param name="cursor"><see cref="ClientPage.Next"/> of the page before; null for the first.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<ClientPage> GetClientPageAsync(ClientFilter? filter = null, string? cursor = null, CancellationToken cancellationToken = default) =>
        GetAsync($"clients{(filter ?? new ClientFilter()).ToQuery(cursor)}", ManagementJson.Default.ClientPage, cancellationToken);

    /// <summary>One client, also one of the last 1000 that have closed.</summary>
    /// <exception cref="EchoProblemException">404: it is not known.</exception>
    public Task<ClientInfo> GetClientAsync(long id, CancellationToken cancellationToken = default) =>
        GetAsync($"clients/{id}", ManagementJson.Default.ClientInfo, cancellationToken);

    /// <summary>Closes one client. The answer comes before its end does.</summary>
    /// <exception cref="EchoProblemException">404: it is not open.</exception>
    public Task<ClientInfo> CloseClientAsync(long id, CloseMode mode = CloseMode.Graceful, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, mode == CloseMode.Reset ? $"clients/{id}?mode=reset" : $"clients/{id}", null, ManagementJson.Default.ClientInfo, cancellationToken);

    /// <summary>Closes many clients. The answer comes before their end does.</summary>
    /// <exception cref="EchoProblemException">400: neither a filter nor a percentage is given, or one that is not allowed.</exception>
    public Task<CloseClientsResult> CloseClientsAsync(CloseClientsRequest request, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "clients/close", Json(request, ManagementJson.Default.CloseClientsRequest), ManagementJson.Default.CloseClientsResult, cancellationToken);

    /// <summary>The drain that is on, or the phase serving.</summary>
    public Task<DrainStatus> GetDrainAsync(CancellationToken cancellationToken = default) => GetAsync("drain", ManagementJson.Default.DrainStatus, cancellationToken);

    /// <summary>Lets everybody go, gently; the process stays. Asked again it returns the drain that is on.</summary>
    /// <param name="request">What is to differ from the service's own settings; nothing where none is given.</param>
    /// <param name="cancellationToken">Ends the call, and not the drain.</param>
    public Task<DrainStatus> BeginDrainAsync(DrainRequest? request = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "drain", Json(request ?? new DrainRequest(), ManagementJson.Default.DrainRequest), ManagementJson.Default.DrainStatus, cancellationToken);

    /// <summary>Takes the drain back: the listener is bound again, and connections that are left stay.</summary>
    /// <exception cref="EchoProblemException">409: a signal began it, or the port is gone.</exception>
    public Task<DrainStatus> CancelDrainAsync(CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, "drain", null, ManagementJson.Default.DrainStatus, cancellationToken);

    /// <summary>Waits until the service has reached a phase.</summary>
    /// <param name="phase">Serving, or a phase of the drain; one that comes later in a drain will do, since phases can be short.</param>
    /// <param name="timeout">For how long to wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The drain as it was then.</returns>
    /// <exception cref="TimeoutException">It was not reached within the time.</exception>
    public Task<DrainStatus> WaitForPhaseAsync(ServicePhase phase, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        WaitAsync(
            GetDrainAsync,
            drain => phase == ServicePhase.Serving ? drain.Phase == phase : drain.Phase >= phase,
            timeout,
            $"The service has not reached the phase {phase}",
            cancellationToken);

    /// <summary>Begins a fault.</summary>
    /// <returns>The fault as the service has it: with an id, when it ends, and how many connections it has taken hold of.</returns>
    /// <exception cref="EchoProblemException">403: faults are off; 409: another one is in its way, or a drain is on; 400: a value that is not allowed.</exception>
    public Task<ActiveFault> InjectAsync(Fault fault, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(fault);
        return SendAsync(HttpMethod.Post, "faults", Json(fault.ToBody(), ManagementJson.Default.FaultBody), ManagementJson.Default.ActiveFault, cancellationToken);
    }

    /// <summary>Which faults are on.</summary>
    public Task<FaultList> GetFaultsAsync(CancellationToken cancellationToken = default) => GetAsync("faults", ManagementJson.Default.FaultList, cancellationToken);

    /// <summary>One fault that is on.</summary>
    /// <exception cref="EchoProblemException">404: it is not.</exception>
    public Task<ActiveFault> GetFaultAsync(long id, CancellationToken cancellationToken = default) =>
        GetAsync($"faults/{id}", ManagementJson.Default.ActiveFault, cancellationToken);

    /// <summary>Ends a fault: connections go on as if it had never been, and what it held back is delivered.</summary>
    /// <returns>The fault as it was at its end.</returns>
    /// <exception cref="EchoProblemException">404: it is not on.</exception>
    public Task<ActiveFault> EndFaultAsync(long id, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Delete, $"faults/{id}", null, ManagementJson.Default.ActiveFault, cancellationToken);

    /// <summary>Ends all faults.</summary>
    /// <returns>Those that it has ended.</returns>
    public async Task<IReadOnlyList<ActiveFault>> EndFaultsAsync(CancellationToken cancellationToken = default) =>
        (await SendAsync(HttpMethod.Delete, "faults", null, ManagementJson.Default.FaultList, cancellationToken).ConfigureAwait(false)).Items;

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static Uri Relative(string path) => new(path, UriKind.Relative);

    private static JsonContent Json<T>(T body, JsonTypeInfo<T> type)
    {
        ArgumentNullException.ThrowIfNull(body);
        return JsonContent.Create(body, type);
    }

    private static EchoEvent? Parse(string type, ReadOnlySpan<byte> data) => type switch
    {
        "stats" => JsonSerializer.Deserialize(data, ManagementJson.Default.EchoStats) is { } stats ? new EchoEvent.StatsRead(stats) : null,
        "phase" => JsonSerializer.Deserialize(data, ManagementJson.Default.PhaseChanged),
        "fault" => JsonSerializer.Deserialize(data, ManagementJson.Default.FaultChanged),
        _ => null,
    };

    private static async Task<T> WaitAsync<T>(
        Func<CancellationToken, Task<T>> read, Func<T, bool> wanted, TimeSpan timeout, string failure, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            var value = await read(cancellationToken).ConfigureAwait(false);
            if (wanted(value))
            {
                return value;
            }

            if (Stopwatch.GetElapsedTime(began) >= timeout)
            {
                throw new TimeoutException($"{failure} within {timeout}. Last seen: {value}");
            }

            await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task EnsureAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        // From somebody in between, as a proxy, where it is anything else.
        var problem = response.Content.Headers.ContentType?.MediaType == "application/problem+json"
            ? await ReadAsync(response, ManagementJson.Default.Problem, cancellationToken).ConfigureAwait(false)
            : new Problem { Title = response.ReasonPhrase };
        throw new EchoProblemException(response.StatusCode, problem);
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        await response.Content.ReadFromJsonAsync(type, cancellationToken).ConfigureAwait(false) ?? throw new JsonException($"The answer is null and no {typeof(T).Name}.");

    private Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, path, null, type, cancellationToken);

    private async Task<T> SendAsync<T>(HttpMethod method, string path, JsonContent? body, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, Relative(path)) { Content = body };
        using var response = await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        await EnsureAsync(response, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(response, type, cancellationToken).ConfigureAwait(false);
    }
}
