namespace InventoryService;

/// <summary>An HTTP service that asks a warehouse over TCP how many of an item are there.</summary>
public static class Inventory
{
    /// <summary>The service, not yet started.</summary>
    public static WebApplication Build(Warehouse warehouse, string address)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        WebApplication app = builder.Build();
        app.Urls.Add(address);
        app.MapGet("/stock/{item}", (string item) => warehouse.CountAsync(item));
        return app;
    }
}
