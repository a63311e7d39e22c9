#include "store/adoption.h"

#include "store/store_impl.h"

static svari_adoption_t *list_head; // guarded by the birth lock, which forks respect
static unsigned generation; // of the process: a child has another; written while it has one thread

static bool
overlaps(const svari_adoption_t *adoption, const unsigned char *data, uint64_t size_bytes)
{
  return adoption->data < data + size_bytes && data < adoption->data + adoption->size_bytes;
}

static bool
add(svari_adoption_t *adoption)
{
  bool is_new = true;
  svari_birth_lock();
  for (const svari_adoption_t *other = list_head; other != NULL && is_new; other = other->next) {
    is_new = !overlaps(other, adoption->data, adoption->size_bytes);
  }
  if (is_new) {
    adoption->next = list_head;
    list_head = adoption;
  }
  svari_birth_unlock();
  return is_new;
}

static void
take_away(const svari_adoption_t *adoption)
{
  svari_birth_lock();
  for (svari_adoption_t **link = &list_head; *link != NULL; link = &(*link)->next) {
    if (*link == adoption) {
      *link = adoption->next;
      break;
    }
  }
  svari_birth_unlock();
}

svar_ret_t
svari_adoption_begin(const svar_allocator_t *allocator, DLManagedTensor *managed,
                     const unsigned char *data, uint64_t size_bytes,
                     svari_adoption_t **out_adoption)
{
  svari_adoption_t *adoption =
      allocator->allocate(sizeof(*adoption), _Alignof(svari_adoption_t), allocator->state);
  if (adoption == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory to note an adopted array");
  }
  *adoption = (svari_adoption_t){.managed = managed, .data = data, .size_bytes = size_bytes};
  if (!add(adoption)) {
    allocator->deallocate(adoption, allocator->state);
    return svar_fail(SVAR_ERR_STATE,
                     "the array at %p, %llu bytes, is adopted already, or a part of it: its owner "
                     "is the variable that has it; offer it with SVAR_COPY",
                     (const void *)data, (unsigned long long)size_bytes);
  }
  *out_adoption = adoption;
  return SVAR_OK;
}

void
svari_adoptions_end(const svar_allocator_t *allocator, svari_adoption_t *released)
{
  const unsigned owner = generation;
  while (released != NULL) {
    svari_adoption_t *adoption = released;
    released = adoption->next_released;
    take_away(adoption); // before the deleter: after it the same bytes may be anybody's
    if (adoption->managed != NULL && generation == owner) { // a deleter may fork
      svari_managed_delete(adoption->managed);
    }
    allocator->deallocate(adoption, allocator->state);
  }
}

void
svari_adoptions_forget(void)
{
  list_head = NULL;
  generation++;
}
