using EchoService.Configuration;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Lifecycle;
using EchoService.Transport;
using Microsoft.Extensions.DependencyInjection;

namespace EchoService.IntegrationTests.Configuration;

/// <summary>The pages that list the settings are held to the settings.</summary>
public sealed class ConfigurationDocsTests
{
    private static readonly (string Key, string Allowed)[] Known =
    [
        .. EchoSettings.Table.Select(setting => ($"Echo:{setting.Key}", setting.Allowed)),
        .. DrainSettings.Table.Select(setting => ($"Drain:{setting.Key}", setting.Allowed)),
        .. FaultSettings.Table.Select(setting => ($"Faults:{setting.Key}", setting.Allowed)),
        .. ManagementSettings.Table.Select(setting => ($"Management:{setting.Key}", setting.Allowed)),
    ];

    [Fact]
    public void ConfigurationMdSaysWhatIsAllowed() =>
        Rows("docs", "configuration.md").ShouldBe(Known.Select(setting => new[] { $"`{setting.Key}`", setting.Allowed }));

    [Fact]
    public void TheReadmeHasEverySettingAndItsDefault()
    {
        var rows = Rows("README.md").Where(row => row.Length == 3 && IsSetting(row[0])).ToArray();
        rows.SelectMany(row => row[0].Split(", ")).ShouldBe(Known.Select(setting => $"`{setting.Key}`"), ignoreOrder: true);

        var given = rows.Where(row => row[1] != "none").Select(row => $"--{row[0].Trim('`')}={row[1].Trim('`')}");
        using IDisposable asGiven = EchoServiceApplication.Build([.. given]), untouched = EchoServiceApplication.Build([]);
        Read<EchoOptions>(asGiven).ShouldBe(Read<EchoOptions>(untouched));
        Read<DrainOptions>(asGiven).ShouldBe(Read<DrainOptions>(untouched));
    }

    private static bool IsSetting(string cell) =>
        ((string[])["`Echo:", "`Drain:", "`Faults:", "`Management:"]).Any(section => cell.StartsWith(section, StringComparison.Ordinal));

    private static T Read<T>(IDisposable application)
        where T : notnull => ((Microsoft.AspNetCore.Builder.WebApplication)application).Services.GetRequiredService<T>();

    /// <summary>The cells of the rows of the tables of a page whose first cell is code.</summary>
    private static IEnumerable<string[]> Rows(params string[] page) =>
        from line in File.ReadLines(Repository.PathOf(page))
        where line.StartsWith("| `", StringComparison.Ordinal)
        select line.Trim('|', ' ').Split(" | ");
}
