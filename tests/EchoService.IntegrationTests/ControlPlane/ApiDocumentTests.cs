using System.Net;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.ControlPlane;

public sealed class ApiDocumentTests : ApiTests
{
    private const string Update = "UPDATE_OPENAPI";

    /// <summary>The committed document is what reviewers and generators see: a change of the API is a change of the file.</summary>
    [Fact]
    public async Task IsTheCommittedOne()
    {
        var response = await Api.GetAsync("/openapi/v1.json");
        response.ShouldBe(HttpStatusCode.OK);
        var served = response.Text.ReplaceLineEndings("\n").TrimEnd() + "\n";
        var path = Repository.PathOf("docs", "openapi.json");
        if (Environment.GetEnvironmentVariable(Update) == "1")
        {
            await File.WriteAllTextAsync(path, served, TestContext.Current.CancellationToken);
        }

        var committed = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        served.ShouldBe(committed, "docs/openapi.json is not what the code serves; eng/update-openapi.sh writes it anew");
    }

    [Fact]
    public async Task SaysNothingOfWhereTheServiceIs()
    {
        var response = await Api.SendAsync(HttpMethod.Get, "/openapi/v1.json", request => request.Headers.Host = "internal.example:1234");
        var server = response.ShouldBe(HttpStatusCode.OK).GetProperty("servers").EnumerateArray().ShouldHaveSingleItem();
        server.GetProperty("url").GetString().ShouldBe("..");
        response.Text.ShouldNotContain("internal.example");
    }

    [Fact]
    public async Task DescribesEveryOperationInFull()
    {
        var document = (await Api.GetAsync("/openapi/v1.json")).ShouldBe(HttpStatusCode.OK);
        foreach (var tag in document.GetProperty("tags").EnumerateArray())
        {
            tag.TryGetProperty("description", out _).ShouldBeTrue($"a description of {tag}");
        }

        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            foreach (var (method, operation) in path.Value.EnumerateObject().Select(property => (property.Name, property.Value)))
            {
                var name = $"{method} {path.Name}";
                operation.GetProperty("summary").GetString().ShouldNotBeNullOrEmpty(name);
                operation.GetProperty("operationId").GetString().ShouldNotBeNullOrEmpty(name);
                operation.GetProperty("tags").GetArrayLength().ShouldBe(1, name);
                var responses = operation.GetProperty("responses");
                if (method != "get")
                {
                    responses.TryGetProperty("401", out _).ShouldBeTrue(name);
                    responses.TryGetProperty("403", out _).ShouldBeTrue(name);
                    operation.GetProperty("security")[0].TryGetProperty("bearer", out _).ShouldBeTrue(name);
                }

                foreach (var response in responses.EnumerateObject().Where(response => response.Name[0] == '2'))
                {
                    foreach (var content in response.Value.GetProperty("content").EnumerateObject().Where(content => content.Name == "application/json"))
                    {
                        content.Value.TryGetProperty("example", out _).ShouldBeTrue($"an example of {response.Name} of {name}");
                    }
                }

                if (operation.TryGetProperty("parameters", out var parameters))
                {
                    foreach (var parameter in parameters.EnumerateArray())
                    {
                        parameter.GetProperty("description").GetString().ShouldNotBeNullOrEmpty($"{parameter.GetProperty("name")} of {name}");
                    }
                }
            }
        }
    }

    [Fact]
    public async Task SwaggerUiNeedsNobodyElse()
    {
        var redirect = await Api.GetAsync("/swagger");
        redirect.Status.ShouldBe(HttpStatusCode.MovedPermanently);
        var page = await Api.GetAsync("/swagger/index.html");
        page.Status.ShouldBe(HttpStatusCode.OK);
        page.ContentType.ShouldBe("text/html");
        // No script or style in the page, none from elsewhere: the content security policy would stop it.
        page.Text.ShouldNotContain("://");
        page.Text.ShouldNotContain("<script>");
        page.Headers.GetValues("Content-Security-Policy").Single().ShouldContain("script-src 'self'");
        foreach (var file in (string[])["swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-standalone-preset.js", "index.css", "index.js"])
        {
            page.Text.ShouldContain(file);
            (await Api.GetAsync($"/swagger/{file}")).Status.ShouldBe(HttpStatusCode.OK);
        }

        (await Api.GetAsync("/swagger/index.js")).Text.ShouldContain("""{"urls":[{"url":"../openapi/v1.json",""");
    }
}
