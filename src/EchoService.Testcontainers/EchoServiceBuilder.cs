using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json;
using Docker.DotNet.Models;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Images;

namespace EchoService.Testcontainers;

/// <summary>
/// Builds a container of EchoService. Immutable, as every builder of Testcontainers is: each call returns another one.
/// What has no method here is set by <c>WithEnvironment("Echo__KeepAlive", "00:05:00")</c>.
/// </summary>
/// <example>
/// <code>
/// await using var echo = new EchoServiceBuilder().WithFaults().WithUdp().Build();
/// await echo.StartAsync();
/// </code>
/// </example>
public sealed class EchoServiceBuilder : ContainerBuilder<EchoServiceBuilder, EchoServiceContainer, EchoServiceConfiguration>
{
    /// <summary>The image that is taken where none is named: that of the package's own version.</summary>
    public static readonly string DefaultImage = $"echoservice:{Version()}";

    /// <summary>The port that echoes inside the container, over TCP and over UDP.</summary>
    public const ushort EchoPort = 7007;

    /// <summary>The port inside the container that sends a line that says who answers, and then echoes.</summary>
    public const ushort BannerPort = 7008;

    /// <summary>The port of the management API inside the container.</summary>
    public const ushort ManagementPort = 8080;

    internal const string ApiKeyVariable = "Management__ApiKey";

    private static readonly TimeSpan ReadyDeadline = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ReadyInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>Takes <see cref="DefaultImage"/>.</summary>
    public EchoServiceBuilder()
        : this(DefaultImage)
    {
    }

    /// <param name="image">The image's name, as <c>registry.example.org/echoservice:1.2.3</c>.</param>
    public EchoServiceBuilder(string image)
        : this(new DockerImage(image))
    {
    }

    /// <param name="image">The image.</param>
    public EchoServiceBuilder(IImage image)
        : this(new EchoServiceConfiguration())
    {
        DockerResourceConfiguration = Init().WithImage(image).DockerResourceConfiguration;
    }

    private EchoServiceBuilder(EchoServiceConfiguration resourceConfiguration)
        : base(resourceConfiguration)
    {
        DockerResourceConfiguration = resourceConfiguration;
    }

    /// <inheritdoc/>
    protected override EchoServiceConfiguration DockerResourceConfiguration { get; }

    internal EchoServiceConfiguration Configuration => DockerResourceConfiguration;

    /// <summary>Lets faults be injected (<c>Faults:Enabled</c>).</summary>
    public EchoServiceBuilder WithFaults() => WithEnvironment("Faults__Enabled", "true");

    /// <summary>Echoes over UDP too, on a port that <see cref="EchoServiceContainer.UdpEndPoint"/> tells (<c>Echo:Udp</c>).</summary>
    /// <param name="ratePerSource">Datagrams per second from one address, beyond which they are dropped: 1 to 1,000,000; 1000 where none is given.</param>
    public EchoServiceBuilder WithUdp(int? ratePerSource = null)
    {
        var builder = Merge(DockerResourceConfiguration, new EchoServiceConfiguration(hasUdp: true))
            .WithPortBinding($"{EchoPort.ToString(CultureInfo.InvariantCulture)}/udp", assignRandomHostPort: true)
            .WithEnvironment("Echo__Udp__Enabled", "true");
        return ratePerSource is { } rate ? builder.WithEnvironment("Echo__Udp__RatePerSource", Number(rate)) : builder;
    }

    /// <summary>
    /// Listens on a second port, whose connections first get a line that says which instance answers and which of its
    /// connections they are (<c>Echo:BannerPort</c>); <see cref="EchoServiceContainer.BannerEndPoint"/> tells where.
    /// </summary>
    public EchoServiceBuilder WithBanner() => Merge(DockerResourceConfiguration, new EchoServiceConfiguration(hasBanner: true))
        .WithPortBinding(BannerPort, assignRandomHostPort: true)
        .WithEnvironment("Echo__BannerPort", Number(BannerPort));

    /// <summary>Demands a header of the PROXY protocol, v1 or v2, of every connection (<c>Echo:ProxyProtocol</c>).</summary>
    /// <param name="trusted">
    /// Address ranges (CIDR) that may send it, one at least. Clients that come by a published port come from the engine's
    /// network, often 172.17.0.1; 0.0.0.0/0 and ::/0 are everybody.
    /// </param>
    public EchoServiceBuilder WithProxyProtocol(params string[] trusted)
    {
        ArgumentNullException.ThrowIfNull(trusted);
        ArgumentOutOfRangeException.ThrowIfZero(trusted.Length, nameof(trusted));
        return WithEnvironment("Echo__ProxyProtocol", "required").WithEnvironment("Echo__TrustedProxies", string.Join(',', trusted));
    }

    /// <summary>Takes no more TCP connections at once than that (<c>Echo:MaxConnections</c>).</summary>
    /// <param name="limit">1 to 1,000,000.</param>
    /// <param name="policy">What happens to those beyond (<c>Echo:LimitPolicy</c>).</param>
    public EchoServiceBuilder WithConnectionLimit(int limit, LimitPolicy policy = LimitPolicy.Reject) =>
        WithEnvironment("Echo__MaxConnections", Number(limit)).WithEnvironment("Echo__LimitPolicy", Name(policy));

    /// <summary>Closes a connection after this long with no byte in either direction (<c>Echo:IdleTimeout</c>).</summary>
    /// <param name="timeout">100 ms to 30 days; zero: never, as it is where none is given.</param>
    public EchoServiceBuilder WithIdleTimeout(TimeSpan timeout) => WithEnvironment("Echo__IdleTimeout", Duration(timeout));

    /// <summary>Resets a client that takes nothing of its echo for this long (<c>Echo:SendTimeout</c>).</summary>
    /// <param name="timeout">100 ms to 30 days; zero: never; 30 s where none is given.</param>
    public EchoServiceBuilder WithSendTimeout(TimeSpan timeout) => WithEnvironment("Echo__SendTimeout", Duration(timeout));

    /// <summary>Closes a connection gracefully at this age, ± 10 % (<c>Echo:MaxLifetime</c>).</summary>
    /// <param name="lifetime">100 ms to 30 days; zero: never, as it is where none is given.</param>
    public EchoServiceBuilder WithMaxLifetime(TimeSpan lifetime) => WithEnvironment("Echo__MaxLifetime", Duration(lifetime));

    /// <summary>Waits no longer than this for a client's FIN after it has acknowledged the service's own (<c>Echo:CloseTimeout</c>).</summary>
    /// <param name="timeout">Up to an hour; 5 s where none is given.</param>
    public EchoServiceBuilder WithCloseTimeout(TimeSpan timeout) => WithEnvironment("Echo__CloseTimeout", Duration(timeout));

    /// <summary>How the service drains, by the API and when it is stopped. What is left out is as the service has it.</summary>
    /// <param name="readinessDelay">Not ready, still accepting: up to a day; 5 s where none is given (<c>Drain:ReadinessDelay</c>).</param>
    /// <param name="timeout">From then to the deadline: up to a day; 30 s where none is given (<c>Drain:Timeout</c>).</param>
    /// <param name="spread">
    /// Time over which connections are closed: zero for at once, <see cref="Timeout.InfiniteTimeSpan"/> for not before the
    /// deadline, up to a day; 15 s where none is given (<c>Drain:Spread</c>).
    /// </param>
    /// <param name="onDeadline">What those left get; a reset where none is given (<c>Drain:OnDeadline</c>).</param>
    public EchoServiceBuilder WithDrain(TimeSpan? readinessDelay = null, TimeSpan? timeout = null, TimeSpan? spread = null, DeadlineAction? onDeadline = null)
    {
        var settings = new Dictionary<string, string>();
        Add("Drain__ReadinessDelay", readinessDelay is { } delay ? Duration(delay) : null);
        Add("Drain__Timeout", timeout is { } time ? Duration(time) : null);
        Add("Drain__Spread", spread is { } over ? over == Timeout.InfiniteTimeSpan ? "-1" : Duration(over) : null);
        Add("Drain__OnDeadline", onDeadline is { } action ? Name(action) : null);
        return WithEnvironment(settings);

        void Add(string key, string? value)
        {
            if (value is not null)
            {
                settings.Add(key, value);
            }
        }
    }

    /// <summary>
    /// The key of the management API. Without this call each container has one of its own, made up, since calls by a
    /// published port do not come from the container's loopback and would be refused. A container that is to be used again
    /// (<c>WithReuse</c>) needs one that stays the same.
    /// </summary>
    /// <param name="apiKey">16 to 512 visible ASCII characters without spaces.</param>
    public EchoServiceBuilder WithApiKey(string apiKey)
    {
        ArgumentException.ThrowIfNullOrEmpty(apiKey);
        return Merge(DockerResourceConfiguration, new EchoServiceConfiguration(apiKey: apiKey));
    }

    /// <summary>No key: then whoever calls by a published port may read, and change nothing.</summary>
    public EchoServiceBuilder WithoutApiKey() => Merge(DockerResourceConfiguration, new EchoServiceConfiguration(apiKey: ""));

    /// <summary>
    /// Has the container removed when it is disposed, also where the resource reaper is off
    /// (<c>TESTCONTAINERS_RYUK_DISABLED</c>). There it would be stopped, after a whole drain, and left.
    /// </summary>
    public EchoServiceBuilder WithRemovalOnDispose() => WithResourceReaperSessionId(ResourceReaper.DefaultSessionId);

    /// <inheritdoc/>
    public override EchoServiceContainer Build()
    {
        Validate();
        var given = DockerResourceConfiguration.ApiKey ?? DockerResourceConfiguration.Environments.GetValueOrDefault(ApiKeyVariable);
        var key = given ?? RandomNumberGenerator.GetHexString(32, lowercase: true);
        var keyed = WithEnvironment(key.Length > 0 ? new Dictionary<string, string> { [ApiKeyVariable] = key } : []);
        return new EchoServiceContainer(new EchoServiceConfiguration(keyed.DockerResourceConfiguration, new EchoServiceConfiguration(apiKey: key)));
    }

    /// <inheritdoc/>
    protected override EchoServiceBuilder Init() => base.Init()
        .WithPortBinding(EchoPort, assignRandomHostPort: true)
        .WithPortBinding(ManagementPort, assignRandomHostPort: true)
        // From outside, since the image has no shell to look from inside with. The default would be to wait for an hour.
        .WithWaitStrategy(Wait.ForUnixContainer().UntilHttpRequestIsSucceeded(
            request => request.ForPath("/readyz").ForPort(ManagementPort),
            strategy => strategy.WithTimeout(ReadyDeadline).WithInterval(ReadyInterval)));

    /// <inheritdoc/>
    protected override EchoServiceBuilder Clone(IResourceConfiguration<CreateContainerParameters> resourceConfiguration) =>
        Merge(DockerResourceConfiguration, new EchoServiceConfiguration(resourceConfiguration));

    /// <inheritdoc/>
    protected override EchoServiceBuilder Clone(IContainerConfiguration resourceConfiguration) =>
        Merge(DockerResourceConfiguration, new EchoServiceConfiguration(resourceConfiguration));

    /// <inheritdoc/>
    protected override EchoServiceBuilder Merge(EchoServiceConfiguration oldValue, EchoServiceConfiguration newValue) =>
        new(new EchoServiceConfiguration(oldValue, newValue));

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Duration(TimeSpan value) => value.ToString("c", CultureInfo.InvariantCulture);

    private static string Name<TEnum>(TEnum value)
        where TEnum : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    // Without what follows a plus, which is the commit.
    private static string Version() =>
        typeof(EchoServiceBuilder).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
