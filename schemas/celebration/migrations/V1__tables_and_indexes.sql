-- Gift catalogues for companies: clients, their sites, catalogues of products, who may choose from
-- them, and what was ordered. README.md beside this folder lists where this differs from the
-- document it comes from, and why.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE schema_versions (
    version INTEGER PRIMARY KEY,
    description TEXT NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO schema_versions (version, description) VALUES
    (1, 'Initial schema creation - Phase 1 database optimization');

-- ---------------------------------------------------------------- clients

CREATE TABLE clients (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    name TEXT COLLATE "C" NOT NULL CHECK (name <> ''),
    client_code TEXT COLLATE "C" NOT NULL CHECK (client_code ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive')),
    contact_name TEXT,
    contact_email TEXT COLLATE "C" NOT NULL
        CHECK (contact_email ~ '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$'),
    contact_phone TEXT,
    address_line1 TEXT,
    address_line2 TEXT,
    city TEXT COLLATE "C",
    state_province TEXT,
    postal_code TEXT,
    country CHAR(2) CHECK (country ~ '^[A-Z]{2}$'),
    billing_email TEXT COLLATE "C"
        CHECK (billing_email ~ '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$'),
    billing_address JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(billing_address) = 'object'),
    tax_id TEXT,
    currency CHAR(3) NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
    contract_start DATE,
    contract_end DATE,
    erp_system TEXT,
    erp_customer_id TEXT,
    integration_config JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(integration_config) = 'object'),
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT clients_contract_dates CHECK (contract_start < contract_end)
);
CREATE INDEX idx_clients_status ON clients (status);
CREATE UNIQUE INDEX idx_clients_client_code ON clients (client_code);
CREATE INDEX idx_clients_name_trgm ON clients USING gin (name gin_trgm_ops);
CREATE INDEX idx_clients_contract_end ON clients (contract_end) WHERE status = 'active';

-- ---------------------------------------------------------------- catalogues and products

CREATE TABLE catalogs (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    name TEXT COLLATE "C" NOT NULL CHECK (name <> ''),
    description TEXT,
    type TEXT NOT NULL CHECK (type IN ('erp', 'manual', 'vendor', 'dropship')),
    status TEXT NOT NULL DEFAULT 'draft'
        CHECK (status IN ('draft', 'active', 'inactive', 'syncing', 'error')),
    source JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(source) = 'object'),
    settings JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
    total_products INTEGER NOT NULL DEFAULT 0 CHECK (total_products >= 0),
    last_synced_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX idx_catalogs_type ON catalogs (type);
CREATE INDEX idx_catalogs_status ON catalogs (status);
CREATE INDEX idx_catalogs_type_status ON catalogs (type, status);
CREATE INDEX idx_catalogs_name ON catalogs (name);

CREATE TABLE products (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    catalog_id UUID NOT NULL REFERENCES catalogs (id) ON DELETE CASCADE,
    sku TEXT COLLATE "C" NOT NULL CHECK (sku <> ''),
    name TEXT COLLATE "C" NOT NULL CHECK (name <> ''),
    description TEXT,
    price NUMERIC(12,2) NOT NULL DEFAULT 0 CHECK (price >= 0),
    currency CHAR(3) NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
    category TEXT COLLATE "C",
    brand TEXT COLLATE "C",
    image_url TEXT,
    attributes JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(attributes) = 'object'),
    tags TEXT[] NOT NULL DEFAULT '{}',
    stock_quantity INTEGER CHECK (stock_quantity >= 0),
    available_from DATE,
    available_until DATE,
    status TEXT NOT NULL DEFAULT 'active'
        CHECK (status IN ('active', 'inactive', 'out_of_stock', 'discontinued')),
    is_active BOOLEAN GENERATED ALWAYS AS (status = 'active') STORED,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT products_catalog_sku_unique UNIQUE (catalog_id, sku),
    CONSTRAINT products_available_dates CHECK (available_from < available_until)
);
CREATE INDEX idx_products_catalog_id ON products (catalog_id);
CREATE INDEX idx_products_sku ON products (sku);
CREATE INDEX idx_products_category ON products (category);
CREATE INDEX idx_products_is_active ON products (is_active) WHERE is_active = true;
CREATE INDEX idx_products_catalog_active ON products (catalog_id, is_active);
CREATE INDEX idx_products_name_trgm ON products USING gin (name gin_trgm_ops);
CREATE INDEX idx_products_category_price ON products (category, price);
CREATE INDEX idx_products_brand ON products (brand) WHERE brand IS NOT NULL;
CREATE INDEX idx_products_description_trgm ON products USING gin (description gin_trgm_ops);
CREATE INDEX idx_products_tags ON products USING gin (tags);
CREATE INDEX idx_products_attributes ON products USING gin (attributes);

-- ---------------------------------------------------------------- sites

CREATE TABLE sites (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    client_id UUID NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    catalog_id UUID REFERENCES catalogs (id) ON DELETE SET NULL,
    name TEXT COLLATE "C" NOT NULL CHECK (name <> ''),
    slug TEXT COLLATE "C" NOT NULL CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    status TEXT NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'active', 'inactive')),
    validation_methods JSONB NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(validation_methods) = 'array'),
    branding JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(branding) = 'object'),
    settings JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
    default_language TEXT NOT NULL DEFAULT 'en' CHECK (default_language ~ '^[a-z]{2,3}(-[A-Z]{2})?$'),
    gifts_per_employee INTEGER NOT NULL DEFAULT 1 CHECK (gifts_per_employee >= 1),
    start_date DATE,
    end_date DATE,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT sites_client_unique UNIQUE (client_id, id),
    CONSTRAINT sites_dates CHECK (start_date < end_date)
);
CREATE INDEX idx_sites_client_id ON sites (client_id);
CREATE UNIQUE INDEX idx_sites_slug ON sites (slug);
CREATE INDEX idx_sites_catalog_id ON sites (catalog_id);
CREATE INDEX idx_sites_client_status ON sites (client_id, status);
CREATE INDEX idx_sites_end_date ON sites (end_date) WHERE status = 'active';

CREATE TABLE site_product_exclusions (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    site_id UUID NOT NULL REFERENCES sites (id) ON DELETE CASCADE,
    product_id UUID NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    reason TEXT,
    excluded_by TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT site_product_exclusions_once UNIQUE (site_id, product_id)
);
CREATE INDEX idx_site_exclusions_site_id ON site_product_exclusions (site_id);
CREATE INDEX idx_site_exclusions_product_id ON site_product_exclusions (product_id);

-- ---------------------------------------------------------------- employees and orders

CREATE TABLE employees (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    site_id UUID NOT NULL REFERENCES sites (id) ON DELETE CASCADE,
    employee_id TEXT COLLATE "C" CHECK (employee_id <> ''),
    email TEXT COLLATE "C" CHECK (email ~ '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$'),
    serial_card_number TEXT COLLATE "C" CHECK (serial_card_number <> ''),
    first_name TEXT COLLATE "C",
    last_name TEXT COLLATE "C",
    department TEXT COLLATE "C",
    hired_on DATE,
    left_on DATE,
    metadata JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive')),
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT employees_site_employee_unique UNIQUE (site_id, employee_id),
    CONSTRAINT employees_site_unique UNIQUE (site_id, id),
    CONSTRAINT employees_can_be_validated
        CHECK (employee_id IS NOT NULL OR email IS NOT NULL OR serial_card_number IS NOT NULL),
    CONSTRAINT employees_dates CHECK (hired_on < left_on)
);
CREATE INDEX idx_employees_site_id ON employees (site_id);
CREATE INDEX idx_employees_employee_id ON employees (employee_id);
CREATE INDEX idx_employees_email ON employees (email);
CREATE INDEX idx_employees_serial_card ON employees (serial_card_number)
    WHERE serial_card_number IS NOT NULL;
CREATE INDEX idx_employees_site_status ON employees (site_id, status);

CREATE SEQUENCE order_numbers START 10000001;

CREATE TABLE orders (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    client_id UUID NOT NULL REFERENCES clients (id) ON DELETE RESTRICT,
    site_id UUID NOT NULL,
    product_id UUID REFERENCES products (id) ON DELETE SET NULL,
    employee_id UUID,
    order_number TEXT COLLATE "C" NOT NULL DEFAULT 'ORD-' || nextval('order_numbers')
        CHECK (order_number <> ''),
    customer_name TEXT COLLATE "C" NOT NULL CHECK (customer_name <> ''),
    customer_email TEXT COLLATE "C" NOT NULL
        CHECK (customer_email ~ '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$'),
    status TEXT NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'confirmed', 'shipped', 'delivered', 'cancelled')),
    total_amount NUMERIC(12,2) NOT NULL DEFAULT 0 CHECK (total_amount >= 0),
    currency CHAR(3) NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
    shipping_address JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(shipping_address) = 'object'),
    items JSONB NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(items) = 'array'),
    tracking_number TEXT,
    notes TEXT,
    shipped_at TIMESTAMPTZ,
    delivered_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT orders_delivered_after_shipped CHECK (shipped_at <= delivered_at),
    CONSTRAINT orders_site_of_client FOREIGN KEY (client_id, site_id)
        REFERENCES sites (client_id, id) ON DELETE RESTRICT,
    CONSTRAINT orders_employee_of_site FOREIGN KEY (site_id, employee_id)
        REFERENCES employees (site_id, id) ON DELETE SET NULL (employee_id)
);
CREATE INDEX idx_orders_client_id ON orders (client_id);
CREATE INDEX idx_orders_site_id ON orders (site_id);
CREATE UNIQUE INDEX idx_orders_order_number ON orders (order_number);
CREATE INDEX idx_orders_customer_email ON orders (customer_email);
CREATE INDEX idx_orders_status ON orders (status);
CREATE INDEX idx_orders_created_at ON orders (created_at DESC);
CREATE INDEX idx_orders_client_created ON orders (client_id, created_at DESC);
CREATE INDEX idx_orders_site_created ON orders (site_id, created_at DESC);
CREATE INDEX idx_orders_product_id ON orders (product_id);
CREATE INDEX idx_orders_employee ON orders (site_id, employee_id);
CREATE INDEX idx_orders_open ON orders (site_id, created_at)
    WHERE status IN ('pending', 'confirmed', 'shipped');

-- ---------------------------------------------------------------- activity

CREATE TABLE analytics_events (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    client_id UUID REFERENCES clients (id) ON DELETE SET NULL,
    site_id UUID REFERENCES sites (id) ON DELETE SET NULL,
    event_type TEXT COLLATE "C" NOT NULL CHECK (event_type <> ''),
    user_id TEXT,
    session_id TEXT,
    event_data JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(event_data) = 'object'),
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT analytics_events_site_of_client FOREIGN KEY (client_id, site_id)
        REFERENCES sites (client_id, id) ON DELETE SET NULL (site_id)
);
CREATE INDEX idx_analytics_client_id ON analytics_events (client_id);
CREATE INDEX idx_analytics_site_id ON analytics_events (site_id);
CREATE INDEX idx_analytics_event_type ON analytics_events (event_type);
CREATE INDEX idx_analytics_created_at ON analytics_events (created_at DESC);
CREATE INDEX idx_analytics_client_date ON analytics_events (client_id, created_at DESC);
CREATE INDEX idx_analytics_site_date ON analytics_events (site_id, created_at DESC);
CREATE INDEX idx_analytics_session ON analytics_events (session_id) WHERE session_id IS NOT NULL;

-- ---------------------------------------------------------------- people who sign in

CREATE TABLE admin_users (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    email TEXT COLLATE "C" NOT NULL
        CHECK (email ~ '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$'),
    username TEXT COLLATE "C" NOT NULL CHECK (username <> ''),
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL DEFAULT 'viewer' CHECK (role IN ('super_admin', 'admin', 'viewer')),
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'suspended')),
    full_name TEXT COLLATE "C",
    last_login_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE UNIQUE INDEX idx_admin_users_email ON admin_users (email);
CREATE UNIQUE INDEX idx_admin_users_username ON admin_users (username);
CREATE INDEX idx_admin_users_status ON admin_users (status);

CREATE TABLE client_members (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL,
    client_id UUID NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    site_id UUID,
    email TEXT COLLATE "C" NOT NULL
        CHECK (email ~ '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$'),
    display_name TEXT COLLATE "C",
    role TEXT NOT NULL DEFAULT 'viewer' CHECK (role IN ('owner', 'manager', 'viewer')),
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive')),
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT client_members_once UNIQUE NULLS NOT DISTINCT (user_id, client_id, site_id),
    CONSTRAINT client_members_site_of_client FOREIGN KEY (client_id, site_id)
        REFERENCES sites (client_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_client_members_client ON client_members (client_id, site_id);
CREATE INDEX idx_client_members_active ON client_members (user_id) WHERE status = 'active';

-- No foreign keys: a record outlives what it is about.
CREATE TABLE audit_logs (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    action TEXT COLLATE "C" NOT NULL CHECK (action <> ''),
    entity_type TEXT COLLATE "C" NOT NULL CHECK (entity_type <> ''),
    entity_id UUID,
    user_id UUID,
    client_id UUID,
    site_id UUID,
    status TEXT NOT NULL DEFAULT 'success' CHECK (status IN ('success', 'failure', 'warning')),
    details JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(details) = 'object'),
    ip_address INET,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX idx_audit_logs_action ON audit_logs (action);
CREATE INDEX idx_audit_logs_entity ON audit_logs (entity_type, entity_id);
CREATE INDEX idx_audit_logs_user_id ON audit_logs (user_id);
CREATE INDEX idx_audit_logs_created_at ON audit_logs (created_at DESC);
CREATE INDEX idx_audit_logs_client ON audit_logs (client_id, created_at DESC);
CREATE INDEX idx_audit_logs_site ON audit_logs (site_id, created_at DESC);
CREATE INDEX idx_audit_logs_failures ON audit_logs (created_at DESC) WHERE status <> 'success';
