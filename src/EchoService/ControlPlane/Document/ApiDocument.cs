using System.Text.Json;
using EchoService.ControlPlane.Requests;
using EchoService.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;
using JsonOptions = Microsoft.AspNetCore.Http.Json.JsonOptions;

namespace EchoService.ControlPlane.Document;

/// <summary>The OpenAPI document at <c>/openapi/v1.json</c>, and Swagger UI at <c>/swagger</c> to read and try it.</summary>
internal static class ApiDocument
{
    private const string BearerScheme = "bearer";
    private const string Name = "v1";
    private const int Piece = 16_384;

    private static readonly Dictionary<string, string> TagDescriptions = new()
    {
        ["Clients"] = "Who is connected, who was, and showing them out.",
        ["Faults"] = "Misbehaviour on demand, where Faults:Enabled says so.",
        ["Drain"] = "Moving everyone elsewhere: the same drain that SIGTERM begins.",
        ["Health"] = "Probes for balancers and orchestrators.",
        ["Metrics"] = "Time series for Prometheus.",
        ["Stats"] = "The service in figures, for people and scripts.",
    };

    public static void AddApiDocument(this IServiceCollection services) => services.AddOpenApi(Name, options =>
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            Describe(document);
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            DescribeEnum(schema, context);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            AddQueryParameters(operation, context);
            AddExamples(operation, context);
            AddRequestExamples(operation, context);
            AddBodyProblems(operation, context);
            AddAccessRule(operation, context);
            return Task.CompletedTask;
        });
    });

    public static void UseApiDocument(this WebApplication app)
    {
        // Written when it is first asked for and kept: to write it takes some hundred times as long as to send it, and
        // whoever may read could keep a processor busy with that.
        var document = new Lazy<Task<byte[]>>(() => WriteAsync(app.Services));
        app.MapGet($"/openapi/{Name}.json", async (HttpResponse response) =>
        {
            var json = await document.Value;
            response.ContentType = "application/json;charset=utf-8";
            response.ContentLength = json.Length;
            // Piece by piece: a client that does not read holds one, and not a copy of all.
            for (var rest = json.AsMemory(); !rest.IsEmpty; rest = rest[Math.Min(Piece, rest.Length)..])
            {
                await response.Body.WriteAsync(rest[..Math.Min(Piece, rest.Length)], response.HttpContext.RequestAborted);
            }
        }).ExcludeFromDescription();
        app.UseSwaggerUI(options =>
        {
            // Relative, here and in the document: a proxy may serve both under a prefix that it strips.
            options.SwaggerEndpoint("../openapi/v1.json", "EchoService");
            options.DocumentTitle = "EchoService API";
            options.DefaultModelsExpandDepth(0);
            options.DisplayRequestDuration();
        });
    }

    private static async Task<byte[]> WriteAsync(IServiceProvider services)
    {
        await using var scope = services.CreateAsyncScope();
        var document = await scope.ServiceProvider.GetRequiredKeyedService<IOpenApiDocumentProvider>(Name).GetOpenApiDocumentAsync();
        using var json = new MemoryStream();
        await document.SerializeAsJsonAsync(json, OpenApiSpecVersion.OpenApi3_1);
        return json.ToArray();
    }

    private static void Describe(OpenApiDocument document)
    {
        document.Info = new OpenApiInfo
        {
            Title = "EchoService management API",
            Version = BuildInfo.Version,
            Description = "Figures, clients, health, drain and faults of a TCP echo service. Errors are application/problem+json. "
                + "Calls that change something need the key of Management:ApiKey where one is set, and otherwise come from loopback.",
            License = new OpenApiLicense { Name = "MIT", Identifier = "MIT" },
        };
        // Where the service is, is for whoever reads the document to know, relative to where it was found; a request's Host
        // header is no proof of it.
        document.Servers = [new OpenApiServer { Url = ".." }];
        foreach (var tag in document.Tags ?? new HashSet<OpenApiTag>())
        {
            tag.Description = TagDescriptions.GetValueOrDefault(tag.Name!);
        }

        document.AddComponent(BearerScheme, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = BearerScheme,
            Description = "The key of Management:ApiKey or Management:ApiKeyFile.",
        });
    }

    private static void DescribeEnum(OpenApiSchema schema, OpenApiSchemaTransformerContext context)
    {
        if ((Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type).IsEnum)
        {
            schema.Type = JsonSchemaType.String;
            // CloseReason.None is null in JSON, and whether null is allowed is for each use to say.
            schema.Enum = [.. schema.Enum!.Where(name => name is not null && name.GetValue<string>() != "none")];
        }
    }

    private static void AddQueryParameters(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        foreach (var parameter in context.Description.ActionDescriptor.EndpointMetadata.OfType<QueryParameters>().SelectMany(parameters => parameters.All))
        {
            operation.Parameters ??= [];
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = parameter.Name,
                In = ParameterLocation.Query,
                Description = parameter.Description,
                Schema = parameter.Schema(),
                Example = parameter.Example?.DeepClone(),
            });
        }
    }

    private static void AddExamples(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var json = context.ApplicationServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        foreach (var example in context.Description.ActionDescriptor.EndpointMetadata.OfType<ResponseExample>())
        {
            foreach (var (_, content) in operation.Responses![$"{example.StatusCode}"].Content!)
            {
                content.Example = JsonSerializer.SerializeToNode(example.Value, json.GetTypeInfo(example.Value.GetType()));
            }
        }
    }

    private static void AddRequestExamples(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var json = context.ApplicationServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        foreach (var (name, value) in context.Description.ActionDescriptor.EndpointMetadata.OfType<RequestExamples>().SelectMany(examples => examples.Values))
        {
            // As somebody would write it: without what is not given.
            var example = JsonSerializer.SerializeToNode(value, json.GetTypeInfo(value.GetType()))!.AsObject();
            foreach (var absent in example.Where(property => property.Value is null).Select(property => property.Key).ToArray())
            {
                example.Remove(absent);
            }

            var content = operation.RequestBody!.Content!["application/json"];
            content.Examples ??= new Dictionary<string, IOpenApiExample>();
            content.Examples.Add(name, new OpenApiExample { Value = example });
        }
    }

    private static void AddBodyProblems(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        if (operation.RequestBody is not null)
        {
            AddProblem(operation, context, StatusCodes.Status413PayloadTooLarge, "The body is larger than any that this call takes.");
            AddProblem(operation, context, StatusCodes.Status415UnsupportedMediaType, "The body is not application/json.");
        }
    }

    private static void AddAccessRule(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        operation.Security = [];
        if (context.Description.HttpMethod is "GET")
        {
            return;
        }

        AddProblem(operation, context, StatusCodes.Status401Unauthorized, "A key is set, and the call does not have it.");
        AddProblem(operation, context, StatusCodes.Status403Forbidden, "No key is set, and the call does not come from loopback.");
        AddProblem(operation, context, StatusCodes.Status429TooManyRequests, "A key is set, and too many wrong ones came from where the call does.");
        operation.Security.Add(new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(BearerScheme, context.Document)] = [] });
        // Without a key set, loopback needs none.
        operation.Security.Add([]);
    }

    private static void AddProblem(OpenApiOperation operation, OpenApiOperationTransformerContext context, int status, string description) =>
        operation.Responses!.Add($"{status}", new OpenApiResponse
        {
            Description = description,
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/problem+json"] = new() { Schema = new OpenApiSchemaReference(nameof(ProblemDetails), context.Document) },
            },
        });
}
