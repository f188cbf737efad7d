using System.Net;
using InventoryService;

IPEndPoint warehouse = IPEndPoint.Parse(args.FirstOrDefault() ?? "127.0.0.1:9000");
await Inventory.Build(new Warehouse(warehouse), "http://127.0.0.1:5000").RunAsync();
