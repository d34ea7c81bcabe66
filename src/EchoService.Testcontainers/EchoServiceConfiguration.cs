using Docker.DotNet.Models;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;

namespace EchoService.Testcontainers;

/// <summary>What a builder has been told, beside what every container has.</summary>
public sealed class EchoServiceConfiguration : ContainerConfiguration
{
    /// <param name="apiKey">The key of the management API; empty: none; null: one is made up.</param>
    /// <param name="hasBanner">Whether there is a banner port.</param>
    /// <param name="hasUdp">Whether UDP is on.</param>
    public EchoServiceConfiguration(string? apiKey = null, bool? hasBanner = null, bool? hasUdp = null)
    {
        ApiKey = apiKey;
        HasBanner = hasBanner;
        HasUdp = hasUdp;
    }

    /// <param name="resourceConfiguration">What every resource of the engine has.</param>
    public EchoServiceConfiguration(IResourceConfiguration<CreateContainerParameters> resourceConfiguration)
        : base(resourceConfiguration)
    {
    }

    /// <param name="resourceConfiguration">What every container has.</param>
    public EchoServiceConfiguration(IContainerConfiguration resourceConfiguration)
        : base(resourceConfiguration)
    {
    }

    /// <param name="resourceConfiguration">What is copied.</param>
    public EchoServiceConfiguration(EchoServiceConfiguration resourceConfiguration)
        : this(new EchoServiceConfiguration(), resourceConfiguration)
    {
    }

    /// <param name="oldValue">What was said before.</param>
    /// <param name="newValue">What is said now, and wins where it says something.</param>
    public EchoServiceConfiguration(EchoServiceConfiguration oldValue, EchoServiceConfiguration newValue)
        : base(oldValue, newValue)
    {
        ApiKey = BuildConfiguration.Combine(oldValue.ApiKey, newValue.ApiKey);
        HasBanner = BuildConfiguration.Combine(oldValue.HasBanner, newValue.HasBanner);
        HasUdp = BuildConfiguration.Combine(oldValue.HasUdp, newValue.HasUdp);
    }

    /// <summary>The key of the management API; empty: none; null: one is made up.</summary>
    public string? ApiKey { get; }

    /// <summary>Whether there is a banner port.</summary>
    public bool? HasBanner { get; }

    /// <summary>Whether UDP is on.</summary>
    public bool? HasUdp { get; }
}
