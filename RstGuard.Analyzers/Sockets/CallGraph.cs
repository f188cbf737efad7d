using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Threading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace RstGuard.Sockets;

/// <summary>
/// Who calls, starts and gives away the functions of the compilation, asked backwards from one function, and only as far as a rule
/// asks. Found by name, then bound: of a private member within its type, of others in the files that hold its name.
/// </summary>
internal sealed class CallGraph(SocketModel model)
{
    private const int MostBodies = 160;
    private const int MostFilesOfACommonName = 12;

    private readonly WordIndex _words = new();
    private readonly ConcurrentDictionary<ISymbol, ImmutableArray<SocketBody>> _naming = new(SymbolEqualityComparer.Default);
    private readonly ConcurrentDictionary<SyntaxNode, ImmutableArray<CallSite>> _callers = new();
    private readonly ConcurrentDictionary<ISymbol, ImmutableArray<CallSite>> _creations = new(SymbolEqualityComparer.Default);

    /// <summary>
    /// The bodies and initializers that may name <paramref name="symbol"/>, a field, property or method; of one that is named in more
    /// places than can be looked at, those of its own type.
    /// </summary>
    internal ImmutableArray<SocketBody> BodiesNaming(ISymbol symbol, CancellationToken cancellationToken)
    {
        ISymbol definition = symbol.OriginalDefinition;
        return _naming.TryGetValue(definition, out ImmutableArray<SocketBody> known) ? known : _naming.GetOrAdd(definition, FindBodiesNaming(definition, cancellationToken));
    }

    /// <summary>The places that call <paramref name="function"/>, start it, or give it away.</summary>
    internal ImmutableArray<CallSite> CallersOf(CodeFunction function, CancellationToken cancellationToken)
    {
        SyntaxNode key = function.Root.Syntax;
        return _callers.TryGetValue(key, out ImmutableArray<CallSite> known) ? known : _callers.GetOrAdd(key, FindCallers(function, cancellationToken));
    }

    /// <summary>The places that call <paramref name="constructor"/>: <c>new</c>, <c>base(…)</c> and <c>this(…)</c>.</summary>
    internal ImmutableArray<CallSite> CreationsBy(IMethodSymbol constructor, CancellationToken cancellationToken)
    {
        IMethodSymbol definition = constructor.OriginalDefinition;
        return _creations.TryGetValue(definition, out ImmutableArray<CallSite> known) ? known : _creations.GetOrAdd(definition, FindCreations(definition, cancellationToken));
    }

    /// <summary>The body of a method, accessor, constructor or primary constructor of the compilation.</summary>
    internal SocketBody? BodyOf(IMethodSymbol method, CancellationToken cancellationToken)
    {
        IMethodSymbol definition = method.OriginalDefinition;
        definition = definition.PartialImplementationPart ?? definition;
        if (definition.DeclaringSyntaxReferences.IsEmpty)
        {
            return null;
        }

        SyntaxNode syntax = definition.DeclaringSyntaxReferences[0].GetSyntax(cancellationToken);
        return syntax is BaseMethodDeclarationSyntax or AccessorDeclarationSyntax or ArrowExpressionClauseSyntax or TypeDeclarationSyntax && model.OperationOf(syntax, cancellationToken) is { } root
            ? model.BodyOf(root, definition, cancellationToken)
            : null;
    }

    /// <summary>The symbols under which <paramref name="method"/> may be called: itself, what it overrides and what it implements.</summary>
    internal static IEnumerable<IMethodSymbol> NamesOf(IMethodSymbol method)
    {
        const int DeepestChain = 16;
        IMethodSymbol? next = method.OriginalDefinition;
        for (int depth = 0; next is not null && depth < DeepestChain; depth++, next = next.OverriddenMethod?.OriginalDefinition)
        {
            yield return next;
        }

        if (method.PartialDefinitionPart is { } declared)
        {
            yield return declared;
        }

        if (method.ContainingType is { } type && !method.IsStatic && method.MethodKind is MethodKind.Ordinary or MethodKind.ExplicitInterfaceImplementation)
        {
            foreach (INamedTypeSymbol contract in type.AllInterfaces)
            {
                if (!contract.DeclaringSyntaxReferences.IsEmpty)
                {
                    foreach (ISymbol member in contract.GetMembers(method.Name.Substring(method.Name.LastIndexOf('.') + 1)))
                    {
                        if (member is IMethodSymbol promised && SymbolEqualityComparer.Default.Equals(type.FindImplementationForInterfaceMember(member)?.OriginalDefinition, method.OriginalDefinition))
                        {
                            yield return promised.OriginalDefinition;
                        }
                    }
                }
            }
        }
    }

    private static SyntaxNode? BodyNodeOf(SyntaxNode node)
    {
        for (SyntaxNode? outer = node; outer is not null; outer = outer.Parent)
        {
            switch (outer)
            {
                case BaseMethodDeclarationSyntax:
                case AccessorDeclarationSyntax:
                case ArrowExpressionClauseSyntax { Parent: BasePropertyDeclarationSyntax }:
                case EqualsValueClauseSyntax { Parent: PropertyDeclarationSyntax or VariableDeclaratorSyntax { Parent.Parent: BaseFieldDeclarationSyntax } }:
                    return outer;
                case GlobalStatementSyntax global:
                    return global.Parent;
                case PrimaryConstructorBaseTypeSyntax { Parent.Parent: TypeDeclarationSyntax type }:
                    return type;
                case BaseTypeDeclarationSyntax:
                    return null;
            }
        }

        return null;
    }

    private ISymbol? OwnerOf(SyntaxNode node, CancellationToken cancellationToken) => node switch
    {
        ArrowExpressionClauseSyntax arrow => (model.SymbolDeclaredBy(arrow.Parent!, cancellationToken) as IPropertySymbol)?.GetMethod,
        EqualsValueClauseSyntax value => model.SymbolDeclaredBy(value.Parent!, cancellationToken),
        TypeDeclarationSyntax type => (model.SymbolDeclaredBy(type, cancellationToken) as INamedTypeSymbol)?.InstanceConstructors
            .FirstOrDefault(constructor => constructor.DeclaringSyntaxReferences.Any(reference => reference.Span == type.Span && reference.SyntaxTree == type.SyntaxTree)),
        _ => model.SymbolDeclaredBy(node, cancellationToken),
    };

    private ImmutableArray<SocketBody> FindBodiesNaming(ISymbol symbol, CancellationToken cancellationToken)
    {
        string name = symbol is IMethodSymbol { MethodKind: MethodKind.Constructor } ? symbol.ContainingType.Name : symbol.Name.Substring(symbol.Name.LastIndexOf('.') + 1);
        INamedTypeSymbol? type = symbol.ContainingType?.OriginalDefinition;
        if (name.Length == 0 || type is null || type.DeclaringSyntaxReferences.IsEmpty)
        {
            return ImmutableArray<SocketBody>.Empty;
        }

        if (symbol is not IParameterSymbol && symbol.DeclaredAccessibility != Accessibility.Private)
        {
            List<SyntaxTree> trees = [.. model.Compilation.SyntaxTrees.Where(tree => _words.MayHold(tree, name, cancellationToken))];
            if (trees.Count > MostFilesOfACommonName)
            {
                string[] kin = KinOf(type);
                trees.RemoveAll(tree => !kin.Any(word => _words.MayHold(tree, word, cancellationToken)));
            }

            if (Bodies(trees.Select(tree => tree.GetRoot(cancellationToken)), name, cancellationToken) is { } bodies)
            {
                return bodies;
            }
        }

        // A nested type's private members are also those of the types around it.
        return Bodies(OutermostOf(type).DeclaringSyntaxReferences.Select(part => part.GetSyntax(cancellationToken)), name, cancellationToken) ?? ImmutableArray<SocketBody>.Empty;
    }

    private static INamedTypeSymbol OutermostOf(INamedTypeSymbol type)
    {
        while (type.ContainingType is { } outer)
        {
            type = outer;
        }

        return type;
    }

    /// <summary>A type's name and those of its bases and interfaces in source: a file that uses it names one of them, as a rule.</summary>
    private static string[] KinOf(INamedTypeSymbol type)
    {
        List<string> names = [];
        for (INamedTypeSymbol? next = type; next is { DeclaringSyntaxReferences.IsEmpty: false }; next = next.BaseType)
        {
            names.Add(next.Name);
        }

        names.AddRange(type.AllInterfaces.Where(contract => !contract.DeclaringSyntaxReferences.IsEmpty).Select(contract => contract.Name));
        return [.. names];
    }

    private ImmutableArray<SocketBody>? Bodies(IEnumerable<SyntaxNode> parts, string name, CancellationToken cancellationToken)
    {
        HashSet<SyntaxNode> nodes = [];
        ImmutableArray<SocketBody>.Builder bodies = ImmutableArray.CreateBuilder<SocketBody>();
        foreach (SyntaxNode part in parts)
        {
            foreach (SyntaxToken token in WordIndex.TokensOf(part, name, cancellationToken))
            {
                if (token.Parent is not null && BodyNodeOf(token.Parent) is { } node && nodes.Add(node))
                {
                    if (nodes.Count > MostBodies)
                    {
                        return null;
                    }

                    if (OwnerOf(node, cancellationToken) is { } owner && model.OperationOf(node, cancellationToken) is { } root)
                    {
                        bodies.Add(model.BodyOf(root, owner, cancellationToken));
                    }
                }
            }
        }

        return bodies.ToImmutable();
    }

    private ImmutableArray<CallSite> FindCallers(CodeFunction function, CancellationToken cancellationToken)
    {
        ImmutableArray<CallSite>.Builder sites = ImmutableArray.CreateBuilder<CallSite>();
        switch (function.Root)
        {
            case IAnonymousFunctionOperation lambda:
                Add(sites, lambda, function.Body, TaskUse.OfFunction(lambda, function.Body));
                break;
            case ILocalFunctionOperation local:
                AddReferences(sites, local.Symbol, function.Body);
                break;
            default:
                if (function.Symbol is { } method)
                {
                    foreach (IMethodSymbol name in NamesOf(method).Where(name => !name.DeclaringSyntaxReferences.IsEmpty))
                    {
                        foreach (SocketBody body in BodiesNaming(name, cancellationToken))
                        {
                            AddReferences(sites, name, body);
                        }
                    }

                    if (method.Name is "Dispose" or "DisposeAsync" && method.ContainingType is { } type)
                    {
                        AddScopes(sites, type, cancellationToken);
                        AddDisposals(sites, method, type, cancellationToken);
                    }

                    if (IsRunByHost(method))
                    {
                        sites.Add(new CallSite(function, function.Root, CallMode.Started, null));
                    }
                }

                break;
        }

        return sites.ToImmutable();
    }

    /// <summary>BackgroundService.ExecuteAsync: the host starts it, and disposes of the service while it runs.</summary>
    private bool IsRunByHost(IMethodSymbol method) =>
        method is { Name: "ExecuteAsync", IsOverride: true } && KnownTypes.IsOrDerives(method.ContainingType, model.Concurrency.BackgroundService);

    private static void AddReferences(ImmutableArray<CallSite>.Builder sites, IMethodSymbol method, SocketBody body)
    {
        foreach (IOperation reference in body.ReferencesTo(method.OriginalDefinition))
        {
            Add(sites, reference, body, reference is IInvocationOperation call ? TaskUse.OfCall(call, body) : TaskUse.OfFunction(reference, body));
        }
    }

    private static void Add(ImmutableArray<CallSite>.Builder sites, IOperation site, SocketBody body, TaskUse use) =>
        sites.Add(new CallSite(CodeFunction.Of(body, site), site, use.Mode, use.Kept));

    /// <summary>The ends of <c>using</c> scopes that hold a <paramref name="type"/>.</summary>
    private void AddScopes(ImmutableArray<CallSite>.Builder sites, INamedTypeSymbol type, CancellationToken cancellationToken)
    {
        foreach (SocketBody body in BodiesNaming(type, type.Name, cancellationToken))
        {
            foreach (IOperation operation in body.Root.Descendants())
            {
                IOperation? resources = operation switch
                {
                    IUsingOperation scope => scope.Resources,
                    IUsingDeclarationOperation declaration => declaration.DeclarationGroup,
                    _ => null,
                };
                ITypeSymbol? held = resources switch
                {
                    IVariableDeclarationGroupOperation group => group.Declarations.FirstOrDefault()?.Declarators.FirstOrDefault()?.Symbol.Type,
                    { } value => value.Unwrap().Type,
                    null => null,
                };
                if (KnownTypes.IsOrDerives(held, type.OriginalDefinition))
                {
                    sites.Add(new CallSite(CodeFunction.Of(body, operation), operation, CallMode.Inline, null));
                }
            }
        }
    }

    /// <summary>Calls of the platform's <c>Dispose</c> on what may be a <paramref name="type"/>, seen as one of its interfaces in source.</summary>
    private void AddDisposals(ImmutableArray<CallSite>.Builder sites, IMethodSymbol method, INamedTypeSymbol type, CancellationToken cancellationToken)
    {
        foreach (SocketBody body in BodiesNaming(method, cancellationToken))
        {
            foreach (IOperation operation in body.Root.Descendants())
            {
                if (operation is IInvocationOperation { TargetMethod: { ContainingType: { TypeKind: TypeKind.Interface, DeclaringSyntaxReferences.IsEmpty: true } } called } call
                    && called.Name == method.Name && Operations.Receiver(call.Instance)?.Type is INamedTypeSymbol { DeclaringSyntaxReferences.IsEmpty: false } seen
                    && (KnownTypes.IsOrDerives(type, seen.OriginalDefinition) || type.AllInterfaces.Any(contract => KnownTypes.Is(contract, seen.OriginalDefinition))))
                {
                    Add(sites, call, body, TaskUse.OfCall(call, body));
                }
            }
        }
    }

    private ImmutableArray<SocketBody> BodiesNaming(INamedTypeSymbol type, string name, CancellationToken cancellationToken) =>
        type.InstanceConstructors.FirstOrDefault() is { } any && type.Name == name ? BodiesNaming(any, cancellationToken) : ImmutableArray<SocketBody>.Empty;

    private ImmutableArray<CallSite> FindCreations(IMethodSymbol constructor, CancellationToken cancellationToken)
    {
        ImmutableArray<CallSite>.Builder sites = ImmutableArray.CreateBuilder<CallSite>();
        INamedTypeSymbol type = constructor.ContainingType;
        foreach (SocketBody body in BodiesNaming(constructor, cancellationToken))
        {
            foreach (IOperation operation in body.Root.Descendants())
            {
                if (operation is IObjectCreationOperation { Constructor: { } called } && SymbolEqualityComparer.Default.Equals(called.OriginalDefinition, constructor))
                {
                    sites.Add(new CallSite(CodeFunction.Of(body, operation), operation, CallMode.Inline, null));
                }
            }
        }

        foreach (INamedTypeSymbol heir in HeirsOf(type, cancellationToken).Prepend(type))
        {
            foreach (IMethodSymbol other in heir.InstanceConstructors)
            {
                if (!SymbolEqualityComparer.Default.Equals(other, constructor) && !other.IsImplicitlyDeclared && BodyOf(other, cancellationToken) is { } body)
                {
                    foreach (IOperation reference in body.ReferencesTo(constructor))
                    {
                        sites.Add(new CallSite(CodeFunction.Of(body, reference), reference, CallMode.Inline, null));
                    }
                }
            }
        }

        return sites.ToImmutable();
    }

    /// <summary>The types of the compilation that derive from <paramref name="type"/> directly.</summary>
    private IEnumerable<INamedTypeSymbol> HeirsOf(INamedTypeSymbol type, CancellationToken cancellationToken)
    {
        if (type.IsSealed || type.IsValueType)
        {
            yield break;
        }

        foreach (SyntaxTree tree in model.Compilation.SyntaxTrees)
        {
            if (!_words.MayHold(tree, type.Name, cancellationToken))
            {
                continue;
            }

            foreach (SyntaxToken token in WordIndex.TokensOf(tree.GetRoot(cancellationToken), type.Name, cancellationToken))
            {
                if (token.Parent?.FirstAncestorOrSelf<BaseListSyntax>() is { Parent: TypeDeclarationSyntax declaration }
                    && model.SymbolDeclaredBy(declaration, cancellationToken) is INamedTypeSymbol heir
                    && SymbolEqualityComparer.Default.Equals(heir.BaseType?.OriginalDefinition, type.OriginalDefinition))
                {
                    yield return heir;
                }
            }
        }
    }
}
