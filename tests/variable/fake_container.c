#include "variable/fake_container.h" // of tests/

#include <string.h>

#include "variable/container.h"
#include "variable/filter.h"
#include "variable/pin.h"

typedef struct fake {
  svari_container_t head;
  svari_filter_plan_t plan;
  void *data;
  uint64_t version;
  svari_pin_t pin;
  char name[64];
} fake_t;

static svar_allocator_t heap;

static void
heap_free(void *memory)
{
  heap.deallocate(memory, heap.state);
}

static svar_ret_t
fake_set(svari_container_t *self, const svar_source_t *source, svar_borrow_t borrow)
{
  (void)borrow; // always copied, as a store does
  fake_t *fake = (fake_t *)self;
  svari_filter_plan_t plan;
  SVAR_TRY(svari_filter_check(&self->type, self->strict, self->allow_downcast, self->name, source,
                              &plan));
  void *data = heap.allocate(plan.size_bytes, 64, heap.state);
  if (data == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a value");
  }
  svari_filter_write(&plan, source, data);
  heap_free(fake->data);
  fake->data = data;
  fake->plan = plan;
  fake->version++;
  return SVAR_OK;
}

static svar_ret_t
fake_borrow(svari_container_t *self, svar_value_t *out_value)
{
  fake_t *fake = (fake_t *)self;
  memcpy(out_value->shape, fake->plan.shape, sizeof(out_value->shape));
  out_value->tensor = svar_tensor(self->type.dtype, fake->data, self->type.ndim, out_value->shape);
  out_value->version = fake->version;
  out_value->is_alias = true;
  out_value->internal.pin = &fake->pin;
  atomic_store(&fake->pin, svari_pin_word(fake->version, SVARI_PIN_ACTIVE));
  return SVAR_OK;
}

static svar_store_t *
fake_store(svari_container_t *self)
{
  return (svar_store_t *)self; // no store, but an address to be recognised by
}

static void
fake_destroy(svari_container_t *self)
{
  fake_t *fake = (fake_t *)self;
  heap_free(fake->data);
  heap_free(fake);
}

static const svari_container_ops_t fake_ops = {.borrow = fake_borrow,
                                               .copy = svari_container_copy_bytes,
                                               .set = fake_set,
                                               .store = fake_store,
                                               .destroy = fake_destroy};

static svar_ret_t
fake_create(const svari_container_spec_t *spec, svari_container_t **out_container)
{
  fake_t *fake = heap.allocate(sizeof(*fake), 64, heap.state);
  if (fake == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a container");
  }
  memset(fake, 0, sizeof(*fake));
  fake->head.ops = &fake_ops;
  fake->head.reference_count = 1;
  fake->head.type = spec->type;
  fake->head.strict = spec->options->strict;
  fake->head.allow_downcast = spec->options->allow_downcast;
  fake->head.allocator = heap;
  if (spec->options->name != NULL) {
    strncpy(fake->name, spec->options->name, sizeof(fake->name) - 1);
    fake->head.name = fake->name;
  }
  svar_ret_t ret = fake_set(&fake->head, spec->source, spec->options->borrow);
  if (ret != SVAR_OK) {
    svari_container_unref(&fake->head);
    return ret;
  }
  *out_container = &fake->head;
  return SVAR_OK;
}

void
fake_containers_use(svar_allocator_t allocator)
{
  heap = allocator;
  svari_container_factory_set(fake_create);
}

void
fake_containers_none(void)
{
  svari_container_factory_set(NULL);
}

static fake_t *
fake_of(const svar_variable_t *variable)
{
  return (fake_t *)variable->container;
}

const void *
fake_container_cell(const svar_variable_t *variable)
{
  return fake_of(variable)->data;
}

uint64_t
fake_container_pin(const svar_variable_t *variable)
{
  return svari_pin_version(atomic_load(&fake_of(variable)->pin));
}

uint32_t
fake_container_references(const svar_variable_t *variable)
{
  return atomic_load(&fake_of(variable)->head.reference_count);
}

svar_ret_t
fake_container_share(const svar_variable_t *variable, const char *name,
                     svar_variable_t **out_variable)
{
  svari_container_t *container = svari_container_ref(variable->container);
  svar_ret_t ret = svari_variable_create(name, container, out_variable);
  if (ret != SVAR_OK) {
    svari_container_unref(container);
  }
  return ret;
}
