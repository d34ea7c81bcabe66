using EchoService.Transport;
using EchoService.Transport.Accepting;

namespace EchoService.Configuration;

/// <summary>Reads the configuration, once: what it says at start holds until the end.</summary>
internal static class ConfigurationServices
{
    /// <exception cref="StartupException">Something in it cannot be; all of it is named.</exception>
    public static void AddConfiguration(this WebApplicationBuilder builder)
    {
        var problems = new List<string>();
        var reader = new SectionReader(builder.Configuration, problems);
        var echo = reader.Read(EchoSettings.Section, EchoSettings.Table, EchoSettings.Check);
        var management = reader.Read(ManagementSettings.Section, ManagementSettings.Table);
        builder.Services.AddSingleton(echo);
        builder.Services.AddSingleton(reader.Read(DrainSettings.Section, DrainSettings.Table));
        builder.Services.AddSingleton(management);
        builder.Services.AddSingleton(DescriptorBudget.Share(DescriptorBudget.ReadLimit(), echo, management.MaxConnections, InlineCompletions.ThreadCount));
        builder.Services.AddSingleton(reader.Read(FaultSettings.Section, FaultSettings.Table));
        if (builder.Configuration["Management:ApiKey"] is not null && builder.Configuration["Management:ApiKeyFile"] is { } file)
        {
            problems.Add($"Management:ApiKeyFile = \"{file}\": must not be given together with Management:ApiKey");
        }

        TelemetrySettings.Check(builder.Configuration, problems);
        ManagementEndpoints.Apply(builder.Configuration, problems);
        if (problems.Count > 0)
        {
            throw new StartupException(problems);
        }
    }
}
